// A Socket.IO server: each `message` goes to all, the sender included.
'use strict';

const { createServer } = require('node:http');
const { Server } = require('socket.io');

const http = createServer();
const io = new Server(http);

io.on('connection', (socket) => {
  socket.on('message', (text) => io.emit('message', text));
});

http.listen(Number(process.env.PORT), '127.0.0.1');
