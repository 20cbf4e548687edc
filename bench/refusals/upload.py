"""Posts a body with a Python client and prints the status that it reads, a line a try.

python3 upload.py http.client|requests|aiohttp URL BYTES PIECE_BYTES PAUSE_MS TRIES
"""
import asyncio
import http.client
import sys
import time
import urllib.parse


def pieces(size, piece, pause):
    while size > 0:
        if pause:
            time.sleep(pause)
        yield b"u" * min(piece, size)
        size -= piece


def by_http_client(url, size, piece, pause):
    target = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(target.netloc, timeout=60)
    body = pieces(size, piece, pause) if pause else b"u" * size
    connection.request("POST", target.path, body=body, headers={"Content-Length": str(size)})
    response = connection.getresponse()
    response.read()
    return response.status


def by_requests(url, size, piece, pause):
    import requests
    body = pieces(size, piece, pause) if pause else b"u" * size
    return requests.post(url, data=body, timeout=60).status_code


def by_aiohttp(url, size, piece, pause):
    import aiohttp

    async def slow_pieces():
        left = size
        while left > 0:
            await asyncio.sleep(pause)
            yield b"u" * min(piece, left)
            left -= piece

    async def post():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            body = slow_pieces() if pause else b"u" * size
            async with session.post(url, data=body) as response:
                await response.read()
                return response.status

    return asyncio.run(post())


def main():
    which, url = sys.argv[1:3]
    size, piece, pause, tries = (int(text) for text in sys.argv[3:])
    post = {"http.client": by_http_client, "requests": by_requests, "aiohttp": by_aiohttp}[which]
    for _ in range(tries):
        try:
            print(post(url, size, piece, pause / 1000), flush=True)
        except Exception as failure:  # whatever a client makes of it is the result
            print(f"failed: {type(failure).__name__}: {failure}", flush=True)


if __name__ == "__main__":
    main()
