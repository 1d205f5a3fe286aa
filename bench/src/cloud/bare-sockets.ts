// Two sockets in and one out for each user, and nothing else: what the cloud's sockets alone cost.
// Run as a process of its own by `make bench-cloud`; BRIDGE_URL is where the third socket goes.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

const { BRIDGE_URL = "" } = process.env;
const held: WebSocket[] = [];
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket, request) => {
  held.push(socket);
  socket.on("message", () => socket.send("{}"));
  if (request.url === "/glasses-ws") {
    held.push(new WebSocket(BRIDGE_URL, { perMessageDeflate: false }));
  }
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
