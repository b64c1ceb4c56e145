// Puts this browser behind a bad link: of an answer's candidates only the first of each protocol stays, with the
// link's port.
({ address, udp, tcp }) => {
  const ports = { udp, tcp };
  const rewritten = (sdp) => {
    let seen = new Set();
    const kept = [];
    for (const line of sdp.split('\r\n')) {
      if (line.startsWith('m=')) seen = new Set();
      const found = /^a=candidate:(\S+) 1 (udp|tcp) (\d+) \S+ \d+ (.*)$/i.exec(line);
      if (!found) {
        kept.push(line);
        continue;
      }
      const [, foundation, protocol, priority, rest] = found;
      const name = protocol.toLowerCase();
      if (seen.has(name)) continue;
      seen.add(name);
      kept.push(`a=candidate:${foundation} 1 ${protocol} ${priority} ${address} ${ports[name]} ${rest}`);
    }
    return kept.join('\r\n');
  };
  const own = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    return own.call(this, description?.sdp ? { type: description.type, sdp: rewritten(description.sdp) } : description);
  };
}
