"""An echo server that goes on for a while when it is asked to end, as a service should: clients learn of it later.

usage: patient_echo.py PORT SECONDS
"""

import asyncio
import signal
import sys


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(1 << 16):
            writer.write(part)
            await writer.drain()
        writer.write_eof()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def serve(port: int, seconds: float) -> None:
    await asyncio.start_server(echo, "0.0.0.0", port, backlog=4096)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await asyncio.sleep(seconds)


asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
