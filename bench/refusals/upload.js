// Posts a body with Node's own client and prints the status that it reads, a line a try.
// node upload.js URL BYTES PIECE_BYTES PAUSE_MS TRIES
const http = require('http');
const [url, bytes, piece, pause, tries] = process.argv.slice(2).map((text, i) => (i === 0 ? text : Number(text)));

function post() {
  return new Promise((done) => {
    const request = http.request(url, { method: 'POST', agent: false, headers: { 'Content-Length': bytes } });
    let ended = false;
    const end = (text) => {
      ended = true;
      done(text);
    };
    request.on('response', (response) => {
      response.on('end', () => end(String(response.statusCode)));
      response.on('error', (failure) => end('failed: ' + failure.code));
      response.resume();
    });
    request.on('error', (failure) => end('failed: ' + failure.code));
    let left = bytes;
    const next = () => {
      if (ended) return request.destroy();
      if (left <= 0) return request.end();
      const data = Buffer.alloc(Math.min(piece, left), 'u');
      left -= data.length;
      if (pause > 0) {
        request.write(data);
        setTimeout(next, pause);
      } else if (request.write(data)) {
        setImmediate(next);
      } else {
        request.once('drain', next);
      }
    };
    next();
  });
}

(async () => {
  for (let i = 0; i < tries; ++i) console.log(await post());
})();
