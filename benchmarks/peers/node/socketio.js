// A Socket.IO server: each `message` goes to all, the sender included.
'use strict';

const { createServer } = require('node:http');
const { Server } = require('socket.io');

const http = createServer();
const io = new Server(http);

// What its page on memory advises where nothing needs the first request any more.
io.engine.on('connection', (line) => {
  line.request = null;
});

io.on('connection', (socket) => {
  socket.on('message', (text) => io.emit('message', text));
});

http.listen(Number(process.env.PORT), '127.0.0.1');
