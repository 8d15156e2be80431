# 15012 is for data planes. Operators have 15014, which answers health checks, metrics and what tokens are made of, and
# 15017, the admin API for clients with a certificate of the mesh.

resource "aws_security_group" "balancer" {
  name_prefix = "${var.name}-balancer-"
  description = "In front of tulled"
  vpc_id      = var.vpc_id
  tags        = var.tags

  ingress {
    description     = "Data planes"
    protocol        = "tcp"
    from_port       = 15012
    to_port         = 15012
    security_groups = [var.mesh_security_group_id]
  }

  dynamic "ingress" {
    for_each = length(var.operator_cidrs) > 0 ? [15014, 15017] : []

    content {
      description = "Operators"
      protocol    = "tcp"
      from_port   = ingress.value
      to_port     = ingress.value
      cidr_blocks = var.operator_cidrs
    }
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "task" {
  name_prefix = "${var.name}-task-"
  description = "tulled"
  vpc_id      = var.vpc_id
  tags        = var.tags

  dynamic "ingress" {
    for_each = { "Data planes" = 15012, "Facts" = 15014, "Operators" = 15017 }

    content {
      description     = ingress.key
      protocol        = "tcp"
      from_port       = ingress.value
      to_port         = ingress.value
      security_groups = [aws_security_group.balancer.id]
    }
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "state" {
  count       = local.is_shared ? 0 : 1
  name_prefix = "${var.name}-state-"
  description = "State of tulled"
  vpc_id      = var.vpc_id
  tags        = var.tags

  ingress {
    description     = "tulled"
    protocol        = "tcp"
    from_port       = 2049
    to_port         = 2049
    security_groups = [aws_security_group.task.id]
  }
}

resource "aws_lb" "this" {
  name                             = var.name
  load_balancer_type               = "network"
  internal                         = true
  subnets                          = var.subnet_ids
  security_groups                  = [aws_security_group.balancer.id]
  enable_cross_zone_load_balancing = true
  tags                             = var.tags
}

resource "aws_lb_target_group" "this" {
  for_each             = local.ports
  name                 = "${var.name}-${each.key}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "TCP"
  port                 = each.value
  preserve_client_ip   = "true"
  deregistration_delay = 15
  tags                 = var.tags

  health_check {
    protocol = "HTTP"
    port     = "15014"
    path     = "/healthz"
  }
}

resource "aws_lb_listener" "this" {
  for_each          = local.ports
  load_balancer_arn = aws_lb.this.arn
  protocol          = "TCP"
  port              = each.value
  tags              = var.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }
}
