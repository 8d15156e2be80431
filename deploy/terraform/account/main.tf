# What an account and region needs for tulled to watch it: a queue of ECS's events, and in other accounts than tulled's a
# role. Once for each region: a role for each keeps the rights of one region out of the others.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name

  clusters     = length(var.cluster_names) > 0 ? var.cluster_names : ["*"]
  cluster_arns = [for name in local.clusters : "arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${name}"]
}

resource "aws_sqs_queue" "events" {
  count                   = var.event_queue ? 1 : 0
  name                    = "${var.name}-events"
  sqs_managed_sse_enabled = true
  tags                    = var.tags

  # Polls have long seen what is older.
  message_retention_seconds  = 600
  visibility_timeout_seconds = 30
}

resource "aws_cloudwatch_event_rule" "events" {
  count       = var.event_queue ? 1 : 0
  name        = "${var.name}-events"
  description = "Changes of ECS's tasks, for tulled"
  tags        = var.tags

  event_pattern = jsonencode(merge(
    { source = ["aws.ecs"], "detail-type" = ["ECS Task State Change"] },
    length(var.cluster_names) > 0 ? { detail = { clusterArn = local.cluster_arns } } : {},
  ))
}

resource "aws_cloudwatch_event_target" "events" {
  count     = var.event_queue ? 1 : 0
  rule      = aws_cloudwatch_event_rule.events[0].name
  target_id = "queue"
  arn       = aws_sqs_queue.events[0].arn

  depends_on = [aws_sqs_queue_policy.events]
}

data "aws_iam_policy_document" "events" {
  count = var.event_queue ? 1 : 0

  statement {
    sid       = "OnlyTheRule"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.events[0].arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.events[0].arn]
    }
  }
}

resource "aws_sqs_queue_policy" "events" {
  count     = var.event_queue ? 1 : 0
  queue_url = aws_sqs_queue.events[0].id
  policy    = data.aws_iam_policy_document.events[0].json
}
