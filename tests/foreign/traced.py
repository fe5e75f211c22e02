"""Calls one tool over stdio with the Python SDK, within a trace.

Usage: traced.py TRACEPARENT SERVER [ARGUMENT]...; TOOL and ARGUMENTS (as JSON) come from the environment.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters, stdio_client


async def main(parent, command, arguments):
    server = StdioServerParameters(command=command, args=arguments)
    tool = os.environ.get("TOOL", "read_file")
    given = json.loads(os.environ.get("ARGUMENTS", '{"path": "docs/small.txt"}'))
    meta = {"traceparent": parent, "tracestate": "a=canary-state", "baggage": "b=canary-baggage"}
    async with stdio_client(server) as (reader, writer), ClientSession(reader, writer) as session:
        await session.initialize()
        result = await session.call_tool(tool, given, meta=meta)
        assert not result.is_error, result


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
