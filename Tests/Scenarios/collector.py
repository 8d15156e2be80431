"""A collector of OTLP over gRPC, made of gRPC's and protobuf's own libraries."""

from __future__ import annotations

import concurrent.futures

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

__all__ = ["Collector"]


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what it gets."""

    def __init__(self, address: str = "127.0.0.1"):
        self.spans: list = []
        #: The resource's `service.name` of each span, by the span's id.
        self.services: dict[bytes, str] = {}
        self.resources: list = []
        self.metadata: list = []
        self.logs = Logs()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(self.logs, self.server)
        self.port = self.server.add_insecure_port(f"{address}:0")
        self.server.start()

    def Export(self, request, context):  # noqa: N802, the name of the method
        self.metadata.append(dict(context.invocation_metadata()))
        for group in request.resource_spans:
            resource = {a.key: a.value.string_value for a in group.resource.attributes}
            self.resources.append(resource)
            for scope in group.scope_spans:
                for span in scope.spans:
                    self.services[span.span_id] = resource["service.name"]
                self.spans += scope.spans
        return trace_service_pb2.ExportTraceServiceResponse()

    def stop(self) -> None:
        self.server.stop(0)


class Logs(logs_service_pb2_grpc.LogsServiceServicer):
    def __init__(self):
        self.records: list = []
        self.resources: list = []

    def Export(self, request, context):  # noqa: N802, the name of the method
        for group in request.resource_logs:
            self.resources.append({a.key: a.value.string_value for a in group.resource.attributes})
            for scope in group.scope_logs:
                self.records += scope.log_records
        return logs_service_pb2.ExportLogsServiceResponse()
