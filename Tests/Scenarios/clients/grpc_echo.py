"""A gRPC pair: a server of unary, streaming and failing methods, and its client. Messages are bytes as they are.

usage: grpc_echo.py serve NAME PORT | call TARGET unary|stream|both|fail
"""

import sys
from concurrent import futures

import grpc


def serve(name: str, port: int) -> None:
    def unary(request, context):
        context.set_trailing_metadata((("x-who", name),))
        return name.encode() + b":" + request

    def stream(request, context):
        for number in range(5):
            yield name.encode() + f":{number}".encode()

    def both(requests, context):
        for request in requests:
            yield name.encode() + b":" + request

    def fail(request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as asked")

    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
        "Both": grpc.stream_stream_rpc_method_handler(both),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
    }
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    server.wait_for_termination()


def call(target: str, what: str) -> None:
    with grpc.insecure_channel(target) as channel:
        try:
            if what == "unary":
                print(channel.unary_unary("/test.Echo/Unary")(b"hello", timeout=5).decode())
            elif what == "stream":
                for answer in channel.unary_stream("/test.Echo/Stream")(b"", timeout=5):
                    print(answer.decode())
            elif what == "both":
                asked = (f"m{number}".encode() for number in range(3))
                for answer in channel.stream_stream("/test.Echo/Both")(asked, timeout=5):
                    print(answer.decode())
            else:
                channel.unary_unary(f"/test.Echo/{what.capitalize()}")(b"", timeout=5)
        except grpc.RpcError as error:
            print(error.code().name, error.details())


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]))
else:
    call(sys.argv[2], sys.argv[3])
