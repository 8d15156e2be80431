import Foundation
import MeshConfig
import Testing

@Suite struct JSONSchemaTests {
    @Test(arguments: ResourceKind.allCases)
    func isJSONAndTheSameInEveryRun(_ kind: ResourceKind) throws {
        let text = jsonSchema(of: kind)
        #expect(text == jsonSchema(of: kind))
        let schema = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["title"] as? String == kind.rawValue)
        #expect(schema["additionalProperties"] as? Bool == false)
        let properties = try #require(schema["properties"] as? [String: Any])
        let versions = (properties["apiVersion"] as? [String: Any])?["enum"] as? [String]
        #expect(versions == kind.apiVersions)
    }

    @Test func saysWhatIsRequiredAndWhatExcludesWhat() throws {
        let text = jsonSchema(of: .serviceEntry)
        let schema = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let properties = try #require(schema["properties"] as? [String: Any])
        let spec = try #require(properties["spec"] as? [String: Any])
        #expect(spec["required"] as? [String] == ["hosts"])
        #expect((spec["allOf"] as? [Any])?.count == 1)
        let fields = try #require(spec["properties"] as? [String: Any])
        #expect((fields["resolution"] as? [String: Any])?["default"] as? String == "NONE")
        #expect((fields["hosts"] as? [String: Any])?["minItems"] as? Int == 1)
        #expect(schema["required"] as? [String] == ["apiVersion", "kind", "metadata", "spec"])
    }

    /// Pins the whole text of one small kind.
    @Test func isWrittenLikeThis() {
        #expect(
            jsonSchema(of: .peerAuthentication).contains(
                """
                        "mtls": {
                          "additionalProperties": false,
                          "properties": {
                            "mode": {
                              "default": "UNSET",
                              "enum": [
                                "UNSET",
                                "DISABLE",
                                "PERMISSIVE",
                                "STRICT"
                              ]
                            }
                          },
                          "type": "object"
                        },
                """
            )
        )
    }
}
