variable "name" {
  description = "Name of the role, the queue and the rule."
  type        = string
  default     = "tulle-discovery"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}$", var.name))
    error_message = "1 to 26 letters, digits and dashes."
  }
}

variable "tulled_role_arn" {
  description = "The role of tulled (task_role_arn of the module tulled), which may take on the role that is made here; null in tulled's own account, where it needs none."
  type        = string
  default     = null
}

variable "external_id" {
  description = "The secret word that tulled must say when it takes on the role: externalID of the ECSAccount."
  type        = string
  default     = null

  validation {
    condition     = var.external_id == null ? true : length(var.external_id) >= 2
    error_message = "2 characters or more, or null."
  }
}

variable "cluster_names" {
  description = "The clusters that are watched, by name; empty for all of the account and region."
  type        = list(string)
  default     = []
}

variable "event_queue" {
  description = "Whether ECS's events are put into a queue, so that stopping tasks drain at once."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
