"""A gRPC server that sends each message back twice, and its client.

usage: grpc_peer.py serve PORT
       grpc_peer.py call HOST:PORT MESSAGES
"""

import concurrent.futures
import sys

import grpc

METHOD = "/scenarios.Echo/Twice"


def twice(requests, context):
    for message in requests:
        yield message
        yield message


def serve(port: int) -> None:
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    handler = grpc.stream_stream_rpc_method_handler(twice)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("scenarios.Echo", {"Twice": handler}),))
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    server.wait_for_termination()


def call(target: str, messages: int) -> None:
    with grpc.insecure_channel(target) as channel:
        answers = channel.stream_stream(METHOD)(iter([b"hello"] * messages), timeout=10)
        print(sum(1 for _ in answers))


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    call(sys.argv[2], int(sys.argv[3]))
