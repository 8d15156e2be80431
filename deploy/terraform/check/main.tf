# What scripts/check-deploy.sh applies to a local stand-in of AWS (moto), to see that the module does.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "a"
  secret_key                  = "b"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  endpoints {
    ec2            = "http://127.0.0.1:25556"
    ecs            = "http://127.0.0.1:25556"
    events         = "http://127.0.0.1:25556"
    iam            = "http://127.0.0.1:25556"
    sqs            = "http://127.0.0.1:25556"
    sts            = "http://127.0.0.1:25556"
    efs            = "http://127.0.0.1:25556"
    elbv2          = "http://127.0.0.1:25556"
    logs           = "http://127.0.0.1:25556"
    dynamodb       = "http://127.0.0.1:25556"
    secretsmanager = "http://127.0.0.1:25556"
  }
}
resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_subnet" "s" {
  count             = 2
  vpc_id            = aws_vpc.v.id
  cidr_block        = "10.0.${count.index}.0/24"
  availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
}
resource "aws_security_group" "mesh" {
  vpc_id = aws_vpc.v.id
}
resource "aws_ecs_cluster" "c" {
  name = "shop"
}
module "tulled" {
  source                 = "../tulled"
  image                  = "registry.example/tulled:0.1.0"
  vpc_id                 = aws_vpc.v.id
  subnet_ids             = aws_subnet.s[*].id
  cluster_name           = aws_ecs_cluster.c.name
  mesh_security_group_id = aws_security_group.mesh.id
  bindings               = { "arn:aws:iam::123456789012:role/web" = "shop/web" }
  route53_zone_ids       = ["Z1"]
  operator_cidrs         = ["10.9.0.0/16"]
  discovery_role_arns    = [module.other.role_arn]
  event_queue_arns       = [module.own.event_queue_arn]
}

# The account of tulled itself, and one that stands for another: moto has one only.
module "own" {
  source        = "../account"
  name          = "own"
  cluster_names = [aws_ecs_cluster.c.name]
}
module "other" {
  source          = "../account"
  name            = "other"
  tulled_role_arn = "arn:aws:iam::111122223333:role/tulled"
  external_id     = "8f1c0a"
}

resource "aws_secretsmanager_secret" "authority" {
  name = "tulle/authority"
}

module "replicas" {
  source                       = "../tulled"
  name                         = "tulled-replicas"
  image                        = "registry.example/tulled:0.1.0"
  vpc_id                       = aws_vpc.v.id
  subnet_ids                   = aws_subnet.s[*].id
  cluster_name                 = aws_ecs_cluster.c.name
  mesh_security_group_id       = aws_security_group.mesh.id
  authority_secret_arn         = aws_secretsmanager_secret.authority.arn
  authority_secret_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  replicas                     = 2
}
