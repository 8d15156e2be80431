/// Tokens of an issuer, signed once with keys that nobody kept, and the public half of these keys.
enum TestTokens {
    static let issuer = "https://issuer.test"
    /// The keys, as a JWKS.
    static let keys = #"""
        {"keys":[{"kty":"RSA","kid":"r","alg":"RS256","n":"sayd9eR8Hmx3u0VWGW8XtxcXq9C4nE_JJsam29w1zhHDrPOG041dx8-0bCsZ78elTr51G3ag68oe-E0Z8Vi0nyaRr1-v4klwRFkeB_l0AoOlHj9vvRWeZ4G8TLG_fP-o1zDsFEkYB4FPZILMtB6N8T9qD66UXksnwiQ9F0rvxV2XFXm2r3Ngus157E0Q36TFelZc0lqXBYawNhV-AHtj6j1cq9hlGxDjWmJqEYB45fflxsgMbJc7RXraVERlK_jVhYiIamEPPd5Mj5eb6adn2RQXCiMRAPxyByT2DydDDBvkfhWs71KtcJOInQiMo03lMk7AVABWsrJNEJIvl2IG3w","e":"AQAB"},
        {"kty":"EC","kid":"e","crv":"P-256","alg":"ES256","x":"KycuPt49uNqdb5lUlct8ANWTY5wVpbyHZS6vbHjCo3g","y":"zoI8fPo2hBz0p7gscZPkwb8lGkjpyDm2N9N-yz8Dm88"}]}
        """#
    /// By RS256, of `ann`, for `echo`, of group `staff`, until 2100.
    static let rsa =
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoiYW5uIiw"
        + "iYXVkIjoiZWNobyIsImV4cCI6NDEwMjQ0NDgwMCwiZ3JvdXBzIjpbInN0YWZmIl19.EbMotZL5I1teT5WnGJUbjlkn"
        + "G4B9QVMIYgE28Wn6NkmwiTgLMfTbFxSuaVyA3FKY5D7n9NLAIn5DnsZP2Fb0mjAzBZKKbqH6fEuqqoTPdKtZQQ5g4Y"
        + "h_X5jF9xPvSyjh7E4zrKCrPmS4fFMJi7-SBUHqleR7xHRNVNG89ZNgKoeFi2WUZoBIcLn7eFdmroxXuer1PCuvOtMv"
        + "tDxCiVLdAHf7asv40RQ40YotC-4wY8ecks31ItQit9jYZBRebTaMbJ6Phuib7ONnf26XNbb3W8fa84GR0PdGAqynrH"
        + "NZRDctY00ht5439XwqRV4pkX7qq6hO39bmafGzTmvsXCFtMg"
    /// The same by ES256.
    static let elliptic =
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoiYW5uIiw"
        + "iYXVkIjoiZWNobyIsImV4cCI6NDEwMjQ0NDgwMCwiZ3JvdXBzIjpbInN0YWZmIl19.USTOCof9Rkqb09GQpnCN0BtK"
        + "ddfJYygGdfWcGu27PBE2eWYydSmNLFbDbzRo1ZRsGrX-pW-f5Dc2qK5fXUWNGg"
    /// Of group `guest`.
    static let guest =
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoiYm9iIiw"
        + "iYXVkIjoiZWNobyIsImV4cCI6NDEwMjQ0NDgwMCwiZ3JvdXBzIjpbImd1ZXN0Il19.QZAhdfW7BN0uBUKPhnD7PfNG"
        + "E_pl8S0X5dlUNzXrJYTnl53S-vN_OaXaSqgS9JiBzX5h7YJHRlXbey31Jl8VVw"
    /// Out of date since 2020.
    static let expired =
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoiYW5uIiw"
        + "iYXVkIjoiZWNobyIsImV4cCI6MTU3NzgzNjgwMCwiZ3JvdXBzIjpbInN0YWZmIl19.ikR1Ev87qhkZzYY43D_PNBV_"
        + "EsNgzDhepzTexHwGI9fLCZrJZ0GkvpkCVOMP4OtCf-R3-cMOpS7hzHkYtl28tw"
    /// For somebody else.
    static let otherAudience =
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoiYW5uIiw"
        + "iYXVkIjoic2hvcCIsImV4cCI6NDEwMjQ0NDgwMCwiZ3JvdXBzIjpbInN0YWZmIl19.BBxHSEqljGO_WQsvlRTNKnEJ"
        + "FGpbZV_PjYvLfPX0eDmwJUmjvKBAoBIpfGhKXSpovZJ3__yQQEkTEpEsI4PEcw"
}
