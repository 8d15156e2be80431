"""Replicas of a control plane that have what they sign with from AWS Secrets Manager, and share tokens by a DynamoDB table."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.request
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from discovery_plane import load_messages
from files import make_authority
from lab import program
from xds_plane import Cloud, Plane

METHOD = "/istio.v1.auth.IstioCertificateService/CreateCertificate"
TABLE = "mesh"


def authority(directory: Path) -> dict[str, str]:
    """An authority's files by Istio's names."""
    directory.mkdir()
    make_authority(directory)
    signer, key = (directory / "intermediate.pem").read_text().split("-----BEGIN PRIVATE KEY-----")
    return {
        "ca-cert.pem": signer, "ca-key.pem": "-----BEGIN PRIVATE KEY-----" + key, "cert-chain.pem": signer,
        "root-cert.pem": (directory / "root.pem").read_text(),
    }


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.authority = authority(cloud.directory / "authority")
    cloud.secret = cloud.client("secretsmanager").create_secret(
        Name="tulle/authority", SecretString=json.dumps(cloud.authority)
    )["ARN"]
    cloud.client("dynamodb").create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    )
    yield cloud
    cloud.stop()


def start(directory: Path, number: int, cloud: Cloud, secret: str) -> Plane:
    return Plane(
        directory, number, cloud, "--authority", "secrets-manager", "--authority-secret", secret, "--shared-table", TABLE
    )


@pytest.fixture(scope="module")
def replicas(cloud, tmp_path_factory):
    started = []
    try:
        for number in (31, 32):
            started.append(start(tmp_path_factory.mktemp("planes"), number, cloud, cloud.secret))
        yield started
    finally:
        for plane in started:
            plane.stop()


def call(plane: Plane, method: str, path: str, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(plane.admin + path, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_replicas_sign_with_the_key_of_one_secret(replicas, cloud):
    for plane in replicas:
        assert plane.get("/bootstrap")["trustBundle"].strip() == cloud.authority["root-cert.pem"].strip()
        own = x509.load_pem_x509_certificate(ssl.get_server_certificate((plane.host, 15012)).encode())
        signer = x509.load_pem_x509_certificate(cloud.authority["ca-cert.pem"].encode())
        own.verify_directly_issued_by(signer)
        key = cloud.authority["ca-key.pem"].splitlines()[1]
        files = [path for path in plane.process.state.rglob("*") if path.is_file()]
        assert files and not any(key.encode() in path.read_bytes() for path in [*files, plane.process.log])


def test_a_join_token_works_at_one_replica_for_one_key(replicas, cloud, tmp_path):
    messages = load_messages(tmp_path)
    request_type = messages("istio.v1.auth.IstioCertificateRequest")
    response_type = messages("istio.v1.auth.IstioCertificateResponse")
    made = call(replicas[0], "POST", "/v1/tokens", {"namespace": "edge", "serviceAccount": "printer"})
    metadata = (("authorization", f"Bearer {made['token']}"),)
    credentials = grpc.ssl_channel_credentials(cloud.authority["root-cert.pem"].encode())
    channels = [grpc.secure_channel(f"{plane.host}:15012", credentials) for plane in replicas]
    create = [
        channel.unary_unary(
            METHOD, request_serializer=request_type.SerializeToString, response_deserializer=response_type.FromString
        )
        for channel in channels
    ]

    def csr() -> str:
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        made = request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def ask(number: int, text: str):
        try:
            answer = create[number % 2](request_type(csr=text), metadata=metadata, timeout=20)
            return x509.load_pem_x509_certificate(answer.cert_chain[0].encode())
        except grpc.RpcError as error:
            return error.code()

    requests = [csr() for _ in range(16)]
    with futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(16), requests))
    winners = [number for number, answer in enumerate(answers) if isinstance(answer, x509.Certificate)]
    assert len(winners) == 1, answers
    assert set(answers) - {answers[winners[0]]} <= {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE}
    # The answer may have been lost: the same key is answered again, by the other replica too.
    for number in (0, 1):
        assert isinstance(ask(number, requests[winners[0]]), x509.Certificate)
    for plane in replicas:
        assert [token["state"] for token in call(plane, "GET", "/v1/tokens")["tokens"]] == ["used"]
    for channel in channels:
        channel.close()


def test_a_secret_that_lacks_its_key_ends_the_start(cloud, tmp_path):
    content = {name: text for name, text in cloud.authority.items() if name != "ca-key.pem"}
    secret = cloud.client("secretsmanager").create_secret(Name="half", SecretString=json.dumps(content))["ARN"]
    with pytest.raises(AssertionError, match="tulled ended"):
        start(tmp_path, 33, cloud, secret)
    log = (tmp_path / "plane33" / "tulled.log").read_text()
    assert "authority_file_missing" in log and "ca-key.pem" in log


def test_uninstalling_leaves_no_name_of_ours_in_the_zone(cloud, tmp_path):
    """Names are taken out by a run of its own, which needs neither state nor authority."""
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(
        Name="edge.internal", CallerReference="1", HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": "us-east-1", "VPCId": "vpc-1"},
    )["HostedZone"]["Id"].split("/")[-1]
    mark = '"heritage=tulle,owner=ecs,mesh={}"'
    records = [
        ("web.edge.internal", "A", "240.240.0.1"), ("_tulle.web.edge.internal", "TXT", mark.format("cluster.local")),
        ("old.edge.internal", "A", "240.240.0.2"), ("_tulle.old.edge.internal", "TXT", mark.format("other.example")),
        ("db.edge.internal", "A", "10.0.0.1"),
    ]
    route53.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "CREATE",
                    "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 5, "ResourceRecords": [{"Value": value}]},
                }
                for name, kind, value in records
            ]
        },
    )
    done = subprocess.run(
        [program("TULLE_TULLED", "tulled"), "--remove-zone-names", "--route53-zone", f"id:{zone}", "--region", "us-east-1"],
        env=cloud.environment, capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0 and "2 records removed" in done.stdout, done.stdout + done.stderr
    left = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    names = {record["Name"].rstrip(".") for record in left if record["Type"] in ("A", "TXT")}
    assert names == {name for name, _, _ in records[2:]}
