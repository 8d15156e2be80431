variable "name" {
  description = "Name of the service, its roles, its balancer and its log group."
  type        = string
  default     = "tulled"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}$", var.name))
    error_message = "1 to 26 letters, digits and dashes: balancers take no more."
  }
}

variable "image" {
  description = "Image of tulled, see deploy/container/Containerfile.tulled."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one a zone, that reach the APIs of AWS."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "Two subnets or more, in two zones."
  }
}

variable "cluster_name" {
  description = "The ECS cluster that tulled runs in, and that it discovers."
  type        = string
}

variable "discovered_clusters" {
  description = "Further clusters of the account and region that it discovers, by name."
  type        = list(string)
  default     = []
}

variable "mesh_security_group_id" {
  description = "The security group of the mesh's tasks, which may connect to tulled."
  type        = string
}

variable "operator_cidrs" {
  description = "Addresses from which ports 15014 and 15017 may be reached."
  type        = list(string)
  default     = []
}

variable "admin_identities" {
  description = "SPIFFE URIs that may write there."
  type        = list(string)
  default     = []
}

variable "trust_domain" {
  description = "Trust domain of all identities."
  type        = string
  default     = "cluster.local"
}

variable "bindings" {
  description = "Service accounts by role: a map from the role's ARN to <namespace>/<service account>."
  type        = map(string)
  default     = {}
}

variable "route53_zone_ids" {
  description = "Ids of the private zones that names are kept in."
  type        = list(string)
  default     = []
}

variable "private_ca_arn" {
  description = "ARN of the AWS Private CA above the mesh; null for an authority of the mesh's own."
  type        = string
  default     = null
}

variable "discovery_role_arns" {
  description = "Roles that it takes on to watch other accounts: role_arn of the module account there."
  type        = list(string)
  default     = []
}

variable "event_queue_arns" {
  description = "Queues of this account with ECS's events: event_queue_arn of the module account."
  type        = list(string)
  default     = []
}

variable "authority_secret_arn" {
  description = "ARN of the secret with the authority's files (docs/certificates.md); null for another authority."
  type        = string
  default     = null

  validation {
    condition     = var.authority_secret_arn == null || can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.authority_secret_arn))
    error_message = "An ARN, arn:aws:secretsmanager:<region>:<account>:secret:<name>."
  }
}

variable "authority_secret_kms_key_arn" {
  description = "ARN of the KMS key that the secret is encrypted by; null for AWS's own."
  type        = string
  default     = null
}

variable "replicas" {
  description = "How many replicas run. Two or more share a table and need authority_secret_arn; one keeps its state on EFS."
  type        = number
  default     = 1

  validation {
    condition     = var.replicas >= 1 && var.replicas <= 10 && floor(var.replicas) == var.replicas
    error_message = "1 to 10."
  }
}

variable "settings" {
  description = "Further settings by the names of their variables (docs/tulled-settings.md)."
  type        = map(string)
  default     = {}
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
