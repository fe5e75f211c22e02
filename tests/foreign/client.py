"""Drives a server over stdio with the Python SDK and prints what it saw, as one JSON object.

Usage: client.py SERVER [ARGUMENT]...
"""

import asyncio
import json
import sys

from mcp import ClientSession, MCPError, StdioServerParameters, stdio_client


def plain(model):
    """What came over the wire, with the protocol's own names."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def refused(question):
    """The code of the protocol error that `question` ends with; none if it is answered."""
    try:
        await question
    except MCPError as error:
        return error.error.code
    return None


async def main(command, arguments):
    server = StdioServerParameters(command=command, args=arguments)
    async with stdio_client(server) as (reader, writer), ClientSession(reader, writer) as session:
        hello = await session.initialize()
        path = {"path": "docs/small.txt"}
        seen = {
            "initialize": plain(hello),
            "tools": plain(await session.list_tools()),
            "read": plain(await session.call_tool("read_file", path)),
            "absent": plain(await session.call_tool("read_file", {"path": "docs/none"})),
            "malformed": plain(await session.call_tool("read_file", {"no-such": 1})),
            "unknown": await refused(session.call_tool("no_such", {})),
            "resources": plain(await session.list_resources()),
            "templates": plain(await session.list_resource_templates()),
            "resource": plain(await session.read_resource("fs://docs/small.txt")),
            "resource-absent": await refused(session.read_resource("fs://docs/none")),
        }
    print(json.dumps(seen))


asyncio.run(main(sys.argv[1], sys.argv[2:]))
