// When a viewer sees the flashes and hears the beeps of a clapper: on the product's stage and voice lines, and on one
// direct connection with one stream from the clapper's page, which shows what the browser does by itself.
//
// Both ways go through the same code, so whatever the measuring adds is in both. Times are Unix milliseconds.
(beeps) => {
  const Native = window.RTCPeerConnection;
  if (!Native) return;
  const MAX_MARKS = 2000, FLASH_LUMA = 0.6, STAGE = 3;
  const now = () => performance.timeOrigin + performance.now();
  const marks = { product: { flashes: [], beeps: [] }, direct: { flashes: [], beeps: [] } };
  const keep = (list, mark) => {
    list.push(mark);
    if (list.length > MAX_MARKS) list.shift();
  };

  // --- pictures ---
  const pen = Object.assign(document.createElement('canvas'), { width: 8, height: 8 })
    .getContext('2d', { willReadFrequently: true });
  const colourOf = (video) => {
    pen.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 2, 0, 0, 8, 8);
    const { data } = pen.getImageData(0, 0, 8, 8);
    const sum = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) for (let part = 0; part < 3; part++) sum[part] += data[at + part] / 255 / 64;
    return sum;
  };
  const watched = new Set();
  const watch = (way, video) => {
    if (watched.has(video)) return;
    watched.add(video);
    let lit = false;
    const look = (at, { expectedDisplayTime }) => {
      video.requestVideoFrameCallback(look);
      const [red, green, blue] = colourOf(video);
      const shines = red > FLASH_LUMA && green > FLASH_LUMA;
      if (shines && !lit) keep(marks[way].flashes, { at: performance.timeOrigin + (expectedDisplayTime ?? at), who: blue > 0.5 ? 0 : 1 });
      lit = shines;
    };
    video.requestVideoFrameCallback(look);
  };

  // --- sounds: each beep's beginning, to a part of a millisecond ---
  //
  // A third channel carries the context's own time, because the event says it only as exactly as this thread is punctual.
  const BLOCK = 1024, WINDOW = 256, HOP = 64, LEAST = 0.12, APART_S = 0.3, RAMP_S = 8, READ_MS = 1000;
  const levelAt = (samples, from, hz, rate) => { // Goertzel
    const step = 2 * Math.cos((2 * Math.PI * hz) / rate);
    let one = 0, two = 0;
    for (let at = from; at < from + WINDOW; at++) [one, two] = [samples[at] + step * one - two, one];
    return (2 * Math.sqrt(Math.max(0, one * one + two * two - step * one * two))) / WINDOW;
  };
  const ears = ['product', 'direct'].map((way) => ({
    way, before: new Float32Array(WINDOW), tones: beeps.map((hz, who) => ({ hz, who, level: 0, loud: -Infinity })),
  }));
  const hearBlock = (ear, samples, begun, rate, unixOf) => {
    const all = new Float32Array(WINDOW + samples.length);
    all.set(ear.before);
    all.set(samples, WINDOW);
    for (let from = HOP; from <= samples.length; from += HOP) {
      const ends = begun + (from / rate);
      for (const tone of ear.tones) {
        const before = tone.level, level = (tone.level = levelAt(all, from, tone.hz, rate));
        if (level < LEAST) continue;
        const part = (LEAST - before) / Math.max(1e-9, level - before);
        if (ends - tone.loud > APART_S) keep(marks[ear.way].beeps, { at: unixOf(ends - (1 - part) * (HOP / rate)), who: tone.who });
        tone.loud = ends;
      }
    }
    ear.before = samples.slice(-WINDOW);
  };
  let context = null;
  const mixers = {}, connected = new Set();
  const listen = () => {
    if (context) return;
    context = new AudioContext();
    void context.resume();
    const rate = context.sampleRate;
    const ramp = context.createBuffer(1, RAMP_S * rate, rate);
    ramp.copyToChannel(Float32Array.from({ length: ramp.length }, (_, at) => at / ramp.length), 0);
    const clock = new AudioBufferSourceNode(context, { buffer: ramp, loop: true });
    const merger = new ChannelMergerNode(context, { numberOfInputs: 3 });
    for (const [input, way] of ['product', 'direct'].entries()) {
      mixers[way] = new GainNode(context, { channelCount: 1, channelCountMode: 'explicit' });
      mixers[way].connect(merger, 0, input);
    }
    clock.connect(merger, 0, 2);
    clock.start();
    const reader = context.createScriptProcessor(BLOCK, 3, 1);
    merger.connect(reader).connect(context.destination);
    let rounds = 0, last = 0, lags = [];
    reader.onaudioprocess = ({ inputBuffer }) => {
      const time = now(), into = inputBuffer.getChannelData(2)[0] * RAMP_S;
      if (into < last - RAMP_S / 2) rounds += 1;
      last = into;
      const begun = rounds * RAMP_S + into;
      // A context's clock may stand still and go on; the least lag of the last second is the true one.
      lags = [...lags.filter((one) => time - one.time < READ_MS), { time, lag: time - (begun + BLOCK / rate) * 1000 }];
      const least = Math.min(...lags.map(({ lag }) => lag));
      for (const [channel, ear] of ears.entries()) hearBlock(ear, inputBuffer.getChannelData(channel), begun, rate, (s) => s * 1000 + least);
    };
  };
  const hear = (way, track) => {
    listen();
    if (connected.has(track.id)) return;
    connected.add(track.id);
    context.createMediaStreamSource(new MediaStream([track])).connect(mixers[way]);
  };

  // --- the product: the stage's element, and all lines that bring voices ---
  const lines = () => (window.probe?.connection()?.getTransceivers() ?? []).slice(3);
  const find = () => {
    const received = lines();
    for (const { receiver } of received.slice(0, STAGE)) hear('product', receiver.track);
    const track = received[STAGE]?.receiver.track;
    const video = track && [...document.querySelectorAll('video')].find(
      (one) => one.srcObject?.getVideoTracks().includes(track) && one.getBoundingClientRect().width > 0);
    if (video) watch('product', video);
  };

  // --- the direct connection ---
  const gathered = (pc) => new Promise((done) => {
    if (pc.iceGatheringState === 'complete') done();
    pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && done());
  });
  /** As a speaker the only one, as a viewer one from each speaker. */
  const direct = [];
  const Plain = window.probe ? Object.getPrototypeOf(Native) : Native;
  const player = (kind, stream) => {
    const element = Object.assign(document.createElement(kind), { autoplay: true, muted: kind === 'video', srcObject: stream });
    element.style.cssText = 'position:fixed;left:0;top:0;width:64px;height:36px;z-index:9999;opacity:0.05;pointer-events:none';
    document.body.append(element);
    void element.play();
    return element;
  };

  // --- what the browser says of the lines ---
  const read = async (pc, wanted) => {
    const found = [];
    (await pc?.getStats())?.forEach((entry) => {
      if (entry.type !== 'inbound-rtp' || !wanted(entry)) return;
      found.push({ mid: entry.mid ?? '', kind: entry.kind, delay: entry.jitterBufferDelay ?? 0, target: entry.jitterBufferTargetDelay ?? 0,
        least: entry.jitterBufferMinimumDelay ?? 0, emitted: entry.jitterBufferEmittedCount ?? 0, packets: entry.packetsReceived ?? 0 });
    });
    return found;
  };

  window.lips = {
    follow: () => { find(); setInterval(find, 100); },
    /** The product's voices and its stage, and the first direct connection. */
    async lines() {
      const stage = lines()[STAGE]?.mid;
      return {
        product: await read(window.probe?.connection(), ({ kind, mid }) => kind === 'audio' || mid === stage),
        direct: await read(direct[0], () => true),
      };
    },
    async offer() {
      const pc = new Plain(), stream = await window.clapper.stream();
      direct.push(pc);
      for (const track of stream.getTracks()) pc.addTrack(track, stream);
      await pc.setLocalDescription(await pc.createOffer());
      await gathered(pc);
      return pc.localDescription.sdp;
    },
    async answer(sdp) {
      const pc = new Plain();
      direct.push(pc);
      pc.ontrack = ({ track, streams: [stream] }) => {
        if (track.kind === 'video') return watch('direct', player('video', stream));
        player('audio', new MediaStream([track]));
        hear('direct', track);
      };
      await pc.setRemoteDescription({ type: 'offer', sdp });
      await pc.setLocalDescription(await pc.createAnswer());
      await gathered(pc);
      return pc.localDescription.sdp;
    },
    accept: (sdp) => direct.at(-1).setRemoteDescription({ type: 'answer', sdp }),
    /** What was seen and heard since this moment. */
    marks: (since) => Object.fromEntries(Object.entries(marks).map(([way, found]) =>
      [way, Object.fromEntries(Object.entries(found).map(([name, list]) => [name, list.filter(({ at }) => at >= since)]))])),
  };
}
