// An event stream from Express: a timer for each reader, a character per tick.
'use strict';

const { readFileSync } = require('node:fs');
const express = require('express');

const text = readFileSync(process.env.TEXT_FILE, 'utf8');
const app = express();

app.get('/events', (request, response) => {
  response.set({
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-cache',
    Connection: 'keep-alive',
  });
  response.flushHeaders();

  let at = 0;
  const timer = setInterval(() => {
    response.write(`data: ${text[at % text.length]}\n\n`);
    at += 1;
  }, Number(request.query.interval));

  request.on('close', () => clearInterval(timer));
});

app.listen(Number(process.env.PORT), '127.0.0.1');
