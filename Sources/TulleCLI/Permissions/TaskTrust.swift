import AWSClient

/// Who may be a task's role: ECS for tasks of the account, and nobody else.
///
/// Whoever else may assume it chooses a session name, and with it claims to be another task.
enum TaskTrust {
    /// Whom ECS assumes roles as.
    static let service = "ecs-tasks.amazonaws.com"

    /// The trust policy of task roles.
    static func json(_ scope: PolicyScope) -> JSONValue {
        [
            "Version": "2012-10-17",
            "Statement": [
                [
                    "Sid": "TasksOnly", "Effect": "Allow", "Principal": ["Service": .string(self.service)],
                    "Action": "sts:AssumeRole",
                    "Condition": PolicyDocument.conditions([
                        .init(test: "StringEquals", key: "aws:SourceAccount", values: [scope.account]),
                        .init(test: "ArnLike", key: "aws:SourceArn", values: scope.ecs(["*"])),
                    ]),
                ]
            ],
        ]
    }

    /// What ECS Exec needs of a task's role. The mesh itself needs nothing of it.
    static let exec = PolicyDocument(statements: [
        .init(
            id: "Exec",
            actions: [
                "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            resources: ["*"]
        )
    ])
}
