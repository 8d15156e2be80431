# What "tulle iam tulled" prints for watching; a test holds the two together.

data "aws_iam_policy_document" "trust" {
  count = var.tulled_role_arn == null ? 0 : 1

  statement {
    sid     = "OnlyTulled"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.tulled_role_arn]
    }

    dynamic "condition" {
      for_each = var.external_id == null ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "discovery" {
  count = var.tulled_role_arn == null ? 0 : 1

  statement {
    sid       = "DescribeClusters"
    actions   = ["ecs:DescribeClusters"]
    resources = local.cluster_arns
  }

  statement {
    sid       = "DiscoverInClusters"
    actions   = ["ecs:ListServices", "ecs:DescribeServices", "ecs:ListTasks", "ecs:DescribeTasks"]
    resources = ["*"]

    condition {
      test     = "ArnLike"
      variable = "ecs:cluster"
      values   = local.cluster_arns
    }
  }

  statement {
    sid       = "Discover"
    actions   = concat(length(var.cluster_names) > 0 ? [] : ["ecs:ListClusters"], ["ecs:DescribeTaskDefinition"])
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }

  dynamic "statement" {
    for_each = aws_sqs_queue.events

    content {
      sid       = "ReadEvents"
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
      resources = [statement.value.arn]
    }
  }
}

resource "aws_iam_role" "discovery" {
  count              = var.tulled_role_arn == null ? 0 : 1
  name               = "${var.name}-${local.region}"
  assume_role_policy = data.aws_iam_policy_document.trust[0].json
  tags               = var.tags
}

resource "aws_iam_role_policy" "discovery" {
  count  = var.tulled_role_arn == null ? 0 : 1
  name   = "discovery"
  role   = aws_iam_role.discovery[0].name
  policy = data.aws_iam_policy_document.discovery[0].json
}
