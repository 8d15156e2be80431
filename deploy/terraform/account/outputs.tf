output "role_arn" {
  description = "The role for tulled: role of the ECSAccount, and discovery_role_arns of the module tulled. Null in tulled's own account."
  value       = one(aws_iam_role.discovery[*].arn)
}

output "event_queue_url" {
  description = "The queue of events: eventQueues of the ECSAccount, under this region."
  value       = one(aws_sqs_queue.events[*].url)
}

output "event_queue_arn" {
  description = "The same, for event_queue_arns of the module tulled, where it is in tulled's own account."
  value       = one(aws_sqs_queue.events[*].arn)
}

output "ecs_account" {
  description = "An ECSAccount to start from, as YAML."
  value = yamlencode({
    apiVersion = "tulle.mesh/v1alpha1"
    kind       = "ECSAccount"
    metadata   = { name = "account-${local.account}-${local.region}" }
    spec = merge(
      { account = local.account, regions = [local.region] },
      var.tulled_role_arn == null ? {} : { role = aws_iam_role.discovery[0].arn },
      var.external_id == null || var.tulled_role_arn == null ? {} : { externalID = var.external_id },
      length(var.cluster_names) == 0 ? {} : { clusters = { names = var.cluster_names } },
      var.event_queue ? { eventQueues = { (local.region) = aws_sqs_queue.events[0].url } } : {},
    )
  })
}
