// What a person at this page would see and hear, in numbers. The product does not know about it.
() => {
  const connections = [];
  const Native = window.RTCPeerConnection;
  if (!Native) return;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(...settings) {
      super(...settings);
      connections.push(this);
    }
  };
  const sockets = [];
  const told = { welcome: null, slots: null, roster: null, lobby: null, floor: null, requests: null, departures: null, recording: null, refusal: null };
  const NativeSocket = window.WebSocket;
  window.WebSocket = class WebSocket extends NativeSocket {
    constructor(...settings) {
      super(...settings);
      sockets.push(this);
      this.addEventListener('message', ({ data }) => {
        const message = typeof data === 'string' ? JSON.parse(data) : null;
        if (message?.type in told) told[message.type] = message;
      });
    }
  };
  const current = () => connections.findLast((connection) => connection.connectionState !== 'closed');
  const statistics = async (type) => {
    const found = [];
    (await current()?.getStats())?.forEach((entry) => { if (entry.type === type) found.push(entry); });
    return found;
  };
  const receivers = (kind) => (current()?.getTransceivers() ?? [])
    .filter((line) => line.receiver.track?.kind === kind && line.currentDirection?.includes('recv'));

  const ears = new Map();
  let context = null;
  const listen = (track) => {
    context ??= new AudioContext();
    void context.resume();
    let ear = ears.get(track.id);
    if (!ear) {
      ear = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
      context.createMediaStreamSource(new MediaStream([track])).connect(ear);
      ears.set(track.id, ear);
    }
    return ear;
  };
  const levelAt = (ear, hz) => {
    const bins = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(bins);
    const middle = Math.round((hz * ear.fftSize) / ear.context.sampleRate);
    return Math.max(-150, ...bins.slice(middle - 2, middle + 3));
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const readRow = (pixels, width, height, row) => {
    const y = Math.round(height * (1 - (2 - row - 0.5) / 8));
    let byte = 0, ones = 0;
    for (let cell = 0; cell < 9; cell++) {
      const at = (y * width + Math.round((width * (cell + 0.5)) / 9)) * 4;
      const bit = pixels[at] + pixels[at + 1] + pixels[at + 2] > 384 ? 1 : 0;
      ones += bit;
      if (cell < 8) byte = (byte << 1) | bit;
    }
    return ones % 2 ? byte : -1;
  };

  window.probe = {
    connections: () => connections.length,
    /** The one in use, for the gauge. */
    connection: () => current(),
    /** Send any message through the page's newest WebSocket, as a modified client would. */
    say: (message) => sockets.at(-1).send(JSON.stringify(message)),
    /** The server's last word on the receiving lines, on who is inside, and on how many wait. */
    slots: () => told.slots?.slots ?? [],
    told: (type) => told[type],
    roster: () => (told.roster?.participants ?? []).map((one) => one.id),
    knocks: () => told.lobby?.knocks.length ?? 0,
    /** State of the newest WebSocket. */
    line: () => sockets.at(-1)?.readyState ?? -1,
    state: () => current()?.connectionState ?? 'none',

    /** All receiving lines that got packets. */
    async inbound() {
      return (await statistics('inbound-rtp')).map((entry) => ({
        mid: entry.mid ?? '', kind: entry.kind, packets: entry.packetsReceived ?? 0, lost: entry.packetsLost ?? 0,
        frames: entry.framesDecoded ?? 0, energy: entry.totalAudioEnergy ?? 0,
      }));
    },
    /** Packets sent by kind, all layers together. */
    async sent(kind) {
      return (await statistics('outbound-rtp'))
        .filter((entry) => entry.kind === kind)
        .reduce((sum, entry) => sum + (entry.packetsSent ?? 0), 0);
    },
    /** Frames decoded, all lines together. */
    async framesDecoded() {
      return (await this.inbound()).reduce((sum, line) => sum + line.frames, 0);
    },
    /** Size, colour and frame number of what a video element shows; counter -1 when it cannot be read. */
    picture(video) {
      const width = video?.videoWidth ?? 0, height = video?.videoHeight ?? 0;
      if (!width || !height) return { width: 0, height: 0, red: 0, green: 0, blue: 0, counter: -1 };
      const canvas = Object.assign(document.createElement('canvas'), { width, height });
      const pen = canvas.getContext('2d', { willReadFrequently: true });
      pen.drawImage(video, 0, 0, width, height);
      const { data } = pen.getImageData(0, 0, width, height);
      const at = (Math.round(height * 0.45) * width + (width >> 1)) * 4;
      const high = readRow(data, width, height, 0), low = readRow(data, width, height, 1);
      const counter = high < 0 || low < 0 ? -1 : high * 256 + low;
      return { width, height, red: data[at], green: data[at + 1], blue: data[at + 2], counter };
    },
    /** Pictures of all received videos that are shown. */
    pictures() {
      const tracks = new Set(receivers('video').map((line) => line.receiver.track.id));
      return [...document.querySelectorAll('video')]
        .filter((video) => video.srcObject?.getVideoTracks().some((track) => tracks.has(track.id)))
        .filter((video) => video.getBoundingClientRect().width > 0)
        .map((video) => this.picture(video));
    },
    /** The loudest level of a tone within half a second on all received lines, in dBFS (-150 is silence). */
    async loudness(hz) {
      const mine = receivers('audio').map((line) => listen(line.receiver.track));
      let loudest = -150;
      for (let round = 0; round < 6; round++) {
        await pause(85);
        for (const ear of mine) loudest = Math.max(loudest, levelAt(ear, hz));
      }
      return loudest;
    },
    /** Whether received sound reaches the loudspeaker: each audio line has a playing element that is not muted. */
    playing() {
      const players = [...document.querySelectorAll('audio, video')].filter((player) => !player.paused && !player.muted);
      return receivers('audio').every((line) =>
        players.some((player) => player.srcObject?.getAudioTracks().some((track) => track.id === line.receiver.track.id)));
    },
  };
}
