output "control_plane_url" {
  description = "Where data planes connect to."
  value       = "https://${aws_lb.this.dns_name}:15012"
}

output "facts_url" {
  description = "For tulle bootstrap and tulle ecs add-service: TULLE_ADMIN_URL."
  value       = "http://${aws_lb.this.dns_name}:15014"
}

output "admin_url" {
  description = "The admin API, for clients with a certificate of the mesh."
  value       = "https://${aws_lb.this.dns_name}:15017"
}

output "task_role_arn" {
  description = "The role of tulled, for trust policies of roles that it assumes."
  value       = aws_iam_role.task.arn
}

output "shared_table_name" {
  description = "The table that replicas share; null for one tulled."
  value       = one(aws_dynamodb_table.shared[*].name)
}

output "security_group_id" {
  description = "The security group of tulled's task."
  value       = aws_security_group.task.id
}
