// A Socket.IO server: each `message` goes to all sockets, the sender included.
'use strict';

const { createServer } = require('node:http');
const { Server } = require('socket.io');

const http = createServer();
const io = new Server(http);

// Its documentation on memory advises this if the first request is not needed later.
io.engine.on('connection', (connection) => {
  connection.request = null;
});

io.on('connection', (socket) => {
  socket.on('message', (text) => io.emit('message', text));
});

http.listen(Number(process.env.PORT), '127.0.0.1');
