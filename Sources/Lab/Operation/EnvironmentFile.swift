/// The shell file that lets a person's `aws` speak to the lab.
package enum EnvironmentFile {
    /// Lines to be sourced by sh.
    static func text(_ configuration: LabConfiguration, _ account: MotoServer.Account, _ endpoints: LabEndpoints)
        -> String
    {
        let values = [
            ("AWS_ACCESS_KEY_ID", account.accessKeyId),
            ("AWS_SECRET_ACCESS_KEY", account.secretAccessKey),
            ("AWS_DEFAULT_REGION", account.region),
            ("AWS_REGION", account.region),
            ("AWS_ENDPOINT_URL", configuration.apiURL),
            ("AWS_PAGER", ""),
            ("TULLE_LAB_HOST", configuration.hostAddress),
            ("TULLE_LAB_ACCOUNT_ID", account.accountId),
            ("TULLE_LAB_VPC_ID", account.vpcId),
            ("TULLE_LAB_SUBNETS", account.subnetIds.joined(separator: ",")),
            ("TULLE_LAB_SECURITY_GROUP", account.securityGroupId),
            ("TULLE_LAB_EXECUTION_ROLE_ARN", account.roles["ecsTaskExecutionRole"] ?? ""),
            ("TULLE_LAB_TULLED_ROLE_ARN", account.roles["tulled"] ?? ""),
            ("TULLE_LAB_BRIDGE", configuration.mode == .namespaces ? configuration.bridge : ""),
            ("TULLE_LAB_DOCKER_SOCKET", endpoints.dockerSocket ?? ""),
            ("TULLE_LAB_INTROSPECTION_URL", endpoints.introspectionURL ?? ""),
            ("TULLE_LAB_MODE", configuration.mode.rawValue),
        ]
        var lines = [
            "# Made by tulle-lab: source it to speak to the lab's AWS API.", "unset AWS_PROFILE AWS_SESSION_TOKEN",
        ]
        for (name, value) in values {
            lines.append("export \(name)='\(value.replacing("'", with: "'\\''"))'")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
