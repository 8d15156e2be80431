# The control plane of the mesh as a service of ECS on Fargate. Several replicas share a table and have the authority's key from a
# secret; a single task has a state directory on EFS, which has one writer.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name

  clusters     = distinct(concat([var.cluster_name], var.discovered_clusters))
  cluster_arns = [for name in local.clusters : "arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${name}"]
  zone_arns    = [for id in var.route53_zone_ids : "arn:${local.partition}:route53:::hostedzone/${id}"]
  is_shared    = var.replicas > 1
  ports        = { xds = 15012, facts = 15014, admin = 15017 }

  lists = {
    TULLED_CLUSTER        = local.clusters
    TULLED_ADMIN_IDENTITY = var.admin_identities
    TULLED_BINDING        = [for role in sort(keys(var.bindings)) : "${role}=${var.bindings[role]}"]
    TULLED_ROUTE53_ZONE   = [for id in var.route53_zone_ids : "id:${id}"]
  }

  settings = merge(
    {
      TULLED_PUBLIC_URL       = "https://${aws_lb.this.dns_name}:15012"
      TULLED_ADMIN_LISTEN     = "0.0.0.0:15014"
      TULLED_ADMIN_TLS_LISTEN = "0.0.0.0:15017"
      TULLED_REGION           = local.region
      TULLED_ACCOUNT          = local.account
      TULLED_TRUST_DOMAIN     = var.trust_domain
    },
    { for name, values in local.lists : name => join(",", values) if length(values) > 0 },
    local.is_shared ? { TULLED_SHARED_TABLE = aws_dynamodb_table.shared[0].name } : {},
    var.authority_secret_arn == null ? {} : {
      TULLED_AUTHORITY        = "secrets-manager"
      TULLED_AUTHORITY_SECRET = var.authority_secret_arn
    },
    var.private_ca_arn == null ? {} : { TULLED_AUTHORITY = "private-ca", TULLED_PRIVATE_CA = var.private_ca_arn },
    var.settings,
  )
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/mesh/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# What replicas share: configuration, addresses, join tokens, secrets of sessions, leases.
resource "aws_dynamodb_table" "shared" {
  count                       = local.is_shared ? 1 : 0
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = true
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  # With the account's key for DynamoDB, whose uses CloudTrail shows.
  server_side_encryption {
    enabled = true
  }
}

resource "aws_efs_file_system" "state" {
  count     = local.is_shared ? 0 : 1
  encrypted = true
  tags      = merge(var.tags, { Name = "${var.name}-state" })

  lifecycle {
    # It holds the mesh's keys.
    prevent_destroy = true
  }
}

resource "aws_efs_access_point" "state" {
  count          = local.is_shared ? 0 : 1
  file_system_id = aws_efs_file_system.state[0].id
  tags           = var.tags

  posix_user {
    uid = 15302
    gid = 15302
  }

  root_directory {
    path = "/tulled"

    creation_info {
      owner_uid   = 15302
      owner_gid   = 15302
      permissions = "0700"
    }
  }
}

resource "aws_efs_mount_target" "state" {
  count           = local.is_shared ? 0 : length(var.subnet_ids)
  file_system_id  = aws_efs_file_system.state[0].id
  subnet_id       = var.subnet_ids[count.index]
  security_groups = [aws_security_group.state[0].id]
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = "512"
  memory                   = "1024"
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  tags                     = var.tags

  lifecycle {
    precondition {
      condition     = !local.is_shared || var.authority_secret_arn != null
      error_message = "Several replicas need authority_secret_arn: each would have an authority of its own."
    }
    precondition {
      condition     = var.authority_secret_arn == null || var.private_ca_arn == null
      error_message = "authority_secret_arn and private_ca_arn are two authorities: set one."
    }
  }

  volume {
    name = "state"

    # Replicas keep nothing there that must outlive the task.
    dynamic "efs_volume_configuration" {
      for_each = local.is_shared ? [] : [1]

      content {
        file_system_id     = aws_efs_file_system.state[0].id
        transit_encryption = "ENABLED"

        authorization_config {
          access_point_id = aws_efs_access_point.state[0].id
          iam             = "ENABLED"
        }
      }
    }
  }

  container_definitions = jsonencode([
    {
      name                   = "tulled"
      image                  = var.image
      user                   = "15302"
      essential              = true
      readonlyRootFilesystem = true
      stopTimeout            = 30
      linuxParameters        = { initProcessEnabled = false, capabilities = { drop = ["ALL"] } }
      environment            = [for name in sort(keys(local.settings)) : { name = name, value = local.settings[name] }]
      mountPoints            = [{ sourceVolume = "state", containerPath = "/var/lib/tulled", readOnly = false }]

      portMappings = [
        { name = "xds", containerPort = 15012, protocol = "tcp" },
        { name = "facts", containerPort = 15014, protocol = "tcp" },
        { name = "admin", containerPort = 15017, protocol = "tcp" },
      ]

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this.name
          awslogs-region        = local.region
          awslogs-stream-prefix = "tulled"
        }
      }
    }
  ])
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = var.cluster_name
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.replicas
  launch_type                        = "FARGATE"
  platform_version                   = "1.4.0"
  deployment_maximum_percent         = local.is_shared ? 200 : 100
  deployment_minimum_healthy_percent = local.is_shared ? 100 : 0
  health_check_grace_period_seconds  = 60
  tags                               = merge(var.tags, { "tulle/discovery-enabled" = "false" })

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = local.ports

    content {
      container_name   = "tulled"
      container_port   = load_balancer.value
      target_group_arn = aws_lb_target_group.this[load_balancer.key].arn
    }
  }

  depends_on = [aws_lb_listener.this, aws_efs_mount_target.state]
}
