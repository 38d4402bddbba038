"""Forwards TCP to a host and port; each line on stdin drops every connection."""
import asyncio
import json
import sys

host, port = sys.argv[1:]
writers = set()


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def forward(reader, writer):
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    both = {writer, far_writer}
    writers.update(both)
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    writers.difference_update(both)


async def main():
    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        connections = list(writers)
        for writer in connections:
            writer.transport.abort()
        print(json.dumps({"dropped": len(connections) // 2}), flush=True)


asyncio.run(main())
