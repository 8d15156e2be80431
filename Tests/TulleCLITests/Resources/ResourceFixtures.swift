import AWSClient

/// Answers of `/v1/resources`, written out.
enum ResourceFixtures {
    static let policy: JSONValue = [
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": [
            "name": "allow-web", "namespace": "shop", "labels": ["team": "shop"], "annotations": ["note": "x y"],
        ],
        "spec": ["action": "ALLOW", "rules": [["from": [["source": ["principals": ["*"]]]]]]],
        "status": [
            "state": "accepted",
            "origin": ["file": "shop/policy.yaml", "line": 3],
            "conditions": [
                ["type": "ZtunnelAccepted", "status": "True", "reason": "Accepted", "message": "sent to ztunnels"]
            ],
            "diagnostics": [],
        ],
    ]

    static let entry: JSONValue = [
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": ["name": "payments", "namespace": "shop"],
        "spec": ["hosts": ["pay.example.com"]],
        "status": [
            "state": "lastGood",
            "origin": ["file": "-", "line": 1],
            "conditions": [
                [
                    "type": "istio.io/WaypointBound", "status": "False", "reason": "WaypointIsNotReady",
                    "message": "shop/waypoint is not ready",
                ],
                ["type": "istio.io/WaypointMissing", "status": "False", "reason": "-", "message": ""],
            ],
            "diagnostics": [
                [
                    "file": "-", "line": 9, "field": "spec.ports[0].number", "reason": "0 is not allowed",
                    "severity": "error", "code": "out_of_range",
                ]
            ],
        ],
    ]

    static let binding: JSONValue = [
        "apiVersion": "tulle.mesh/v1alpha1",
        "kind": "ServiceAccountBinding",
        "metadata": ["name": "web"],
        "spec": ["role": "arn:aws:iam::111122223333:role/web", "namespace": "shop", "serviceAccount": "web"],
        "status": ["state": "accepted"],
    ]

    static let list: [String: JSONValue] = ["GET /v1/resources": ["items": [policy, entry, binding]]]
}
