# What "tulle iam tulled" prints; a test holds the two together.

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "TasksOnly"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:*"]
    }
  }
}

data "aws_iam_policy_document" "tulled" {
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
    actions   = ["ecs:DescribeTaskDefinition"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }

  dynamic "statement" {
    for_each = length(var.route53_zone_ids) > 0 ? [1] : []

    content {
      sid       = "ReadNames"
      actions   = ["route53:ListResourceRecordSets"]
      resources = local.zone_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.route53_zone_ids) > 0 ? [1] : []

    content {
      sid       = "KeepNames"
      actions   = ["route53:ChangeResourceRecordSets"]
      resources = local.zone_arns

      condition {
        test     = "ForAllValues:StringEquals"
        variable = "route53:ChangeResourceRecordSetsRecordTypes"
        values   = ["A", "TXT"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.private_ca_arn == null ? [] : [var.private_ca_arn]

    content {
      sid = "ReadAuthority"
      actions = [
        "acm-pca:DescribeCertificateAuthority",
        "acm-pca:GetCertificateAuthorityCertificate",
        "acm-pca:GetCertificate",
      ]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.private_ca_arn == null ? [] : [var.private_ca_arn]

    content {
      sid       = "Sign"
      actions   = ["acm-pca:IssueCertificate"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "acm-pca:TemplateArn"
        values   = ["arn:${local.partition}:acm-pca:::template/SubordinateCACertificate_PathLen0/V1"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.event_queue_arns) > 0 ? [1] : []

    content {
      sid       = "ReadEvents"
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
      resources = var.event_queue_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.discovery_role_arns) > 0 ? [1] : []

    content {
      sid       = "OtherAccounts"
      actions   = ["sts:AssumeRole"]
      resources = var.discovery_role_arns
    }
  }

  dynamic "statement" {
    for_each = var.authority_secret_arn == null ? [] : [var.authority_secret_arn]

    content {
      sid       = "ReadAuthoritySecret"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.authority_secret_arn == null || var.authority_secret_kms_key_arn == null ? [] : [var.authority_secret_kms_key_arn]

    content {
      sid       = "DecryptAuthoritySecret"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.${split(":", var.authority_secret_arn)[3]}.${data.aws_partition.this.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = aws_dynamodb_table.shared

    content {
      sid = "ShareState"
      actions = [
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:ConditionCheckItem",
      ]
      resources = [statement.value.arn]
    }
  }

  # Where the keys of the mesh are kept, unless they are in a secret.
  dynamic "statement" {
    for_each = aws_efs_file_system.state

    content {
      sid       = "MountState"
      actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
      resources = [statement.value.arn]

      condition {
        test     = "StringEquals"
        variable = "elasticfilesystem:AccessPointArn"
        values   = [aws_efs_access_point.state[0].arn]
      }
    }
  }
}

resource "aws_iam_role" "task" {
  name_prefix        = "${var.name}-"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "task" {
  name   = "tulled"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.tulled.json
}

resource "aws_iam_role" "execution" {
  name_prefix        = "${var.name}-exec-"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}
