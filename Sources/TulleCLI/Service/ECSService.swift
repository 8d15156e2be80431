package import AWSClient

/// An ECS service as DescribeServices shows it.
package struct ECSService: Sendable, Hashable {
    /// Its ARN.
    package var arn: String
    /// Its name.
    package var name: String
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    package var status: String
    /// ARN of the task definition in force.
    package var taskDefinition: String
    /// Who rolls it out; `ECS` when nobody is named.
    package var deploymentController: String
    /// How its tasks are placed; empty with a capacity provider.
    package var launchType: String
    /// The settings that enrolling changes.
    package var settings: RestoreRecord.ServiceSettings
    /// How many tasks it should have.
    package var desiredCount: Int
    /// How many run.
    package var runningCount: Int
    /// Its tags.
    package var tags: [String: String]
    /// How far its rollout is.
    package var rollout: Rollout

    /// How far ECS is with replacing tasks.
    package enum Rollout: Sendable, Hashable {
        /// There are tasks of before, or some are missing.
        case inProgress
        /// All tasks are of the one deployment.
        case completed
        /// ECS has given up, for this reason.
        case failed(String)
    }

    /// Keys of the tags that enrolling writes.
    package enum Tag {
        /// The namespace.
        package static let namespace = "tulle/namespace"
        /// The service account.
        package static let serviceAccount = "tulle/service-account"
        /// The capture mode.
        package static let mode = "tulle/mode"
    }

    /// Reads one element of DescribeServices' answer; `nil` when it has no ARN, name or task definition.
    package init?(_ json: JSONValue) {
        guard let arn = json["serviceArn"]?.string, let name = json["serviceName"]?.string,
            let taskDefinition = json["taskDefinition"]?.string
        else { return nil }
        self.arn = arn
        self.name = name
        self.taskDefinition = taskDefinition
        self.status = json["status"]?.string ?? ""
        self.deploymentController = json["deploymentController"]?["type"]?.string ?? "ECS"
        self.launchType = json["launchType"]?.string ?? ""
        self.settings = RestoreRecord.ServiceSettings(
            propagateTags: json["propagateTags"]?.string ?? "NONE",
            managedTags: json["enableECSManagedTags"]?.bool ?? false
        )
        self.desiredCount = json["desiredCount"]?.int ?? 0
        self.runningCount = json["runningCount"]?.int ?? 0
        self.rollout = Self.rollout(json)
        self.tags = [:]
        for tag in json["tags"]?.array ?? [] {
            if let key = tag["key"]?.string { self.tags[key] = tag["value"]?.string ?? "" }
        }
    }

    /// A deployment that is alone and done. Older clusters say nothing of `rolloutState`: there counts tell.
    private static func rollout(_ json: JSONValue) -> Rollout {
        let deployments = json["deployments"]?.array ?? []
        guard let primary = deployments.first(where: { $0["status"]?.string == "PRIMARY" }) else { return .inProgress }
        switch primary["rolloutState"]?.string {
        case "FAILED": return .failed(primary["rolloutStateReason"]?.string ?? "ECS gives no reason")
        case "COMPLETED" where deployments.count == 1: return .completed
        case nil
        where deployments.count == 1 && primary["runningCount"]?.int == primary["desiredCount"]?.int:
            return .completed
        default: return .inProgress
        }
    }

    /// A tag by its key, or by the key that other products use for the same.
    func tag(_ key: String) -> String? {
        self.tags[key] ?? self.tags[key.replacing("tulle/", with: "ecs.solo.io/")]
    }

    /// The task definition as `family:revision`.
    package var revision: String {
        self.taskDefinition.split(separator: "/").last.map(String.init) ?? self.taskDefinition
    }

    /// Refuses when a new revision cannot be rolled out by ECS.
    func checkCanDeploy() throws(EnrolmentRefusal) {
        guard self.status == "ACTIVE" else {
            throw EnrolmentRefusal(
                .serviceNotActive,
                "service \"\(self.name)\" has status \"\(self.status)\"; only \"ACTIVE\" is allowed",
                hint: "create the service anew; a draining or deleted one takes no new task definition"
            )
        }
        guard self.deploymentController == "ECS" else {
            throw EnrolmentRefusal(
                .deploymentControllerUnsupported,
                "service \"\(self.name)\" is rolled out by \"\(self.deploymentController)\"; only \"ECS\" is supported",
                hint: "use --render json and hand the definition to that controller"
            )
        }
        guard self.launchType != "EXTERNAL" else {
            throw EnrolmentRefusal(
                .launchTypeUnsupported,
                "service \"\(self.name)\" has launch type \"EXTERNAL\"; its tasks have no address of their own",
                hint: "run the service on Fargate or on EC2 with networkMode awsvpc"
            )
        }
    }
}
