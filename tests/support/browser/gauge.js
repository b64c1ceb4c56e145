// How well a person hears one tone and sees the stage, in numbers. Needs the probe, which is loaded before it.
//
// Times are Unix milliseconds, so that they can be compared with the test's own clock on the same machine.
({ hz }) => {
  if (!window.probe) return;
  const BLOCK = 512, LEAST = 0.01, MAX_WIDTHS = 400, MAX_TIMES = 6000;
  const STAGE = 3; // index among the received lines: three voices come first
  const now = () => performance.timeOrigin + performance.now();
  const lines = () => (probe.connection()?.getTransceivers() ?? []).slice(3);
  const fresh = () => ({
    at: now(), tone: { first: 0, last: 0, longestGap: 0, gaps: 0, blocks: 0, heard: 0 }, base: null,
    picture: { first: 0, last: 0, count: 0, longestGap: 0, widths: [] }, frames: [], blocks: [],
  });
  let mark = fresh();
  const remember = (times, time) => {
    times.push(time);
    if (times.length > MAX_TIMES) times.shift();
  };

  // --- the tone, in blocks of 11 ms; a block that the page was too busy to examine is not a gap ---
  let context = null, mixer = null, silentSince = 0;
  const ears = new Set();
  const listen = () => {
    if (!context) {
      context = new AudioContext();
      mixer = context.createScriptProcessor(BLOCK, 1, 1);
      mixer.onaudioprocess = ({ inputBuffer }) => hear(inputBuffer.getChannelData(0), now());
      mixer.connect(context.destination);
    }
    if (context.state !== 'running') void context.resume();
    for (const { receiver } of lines().slice(0, STAGE)) {
      const { track } = receiver;
      if (!track || track.kind !== 'audio' || ears.has(track.id)) continue;
      ears.add(track.id);
      context.createMediaStreamSource(new MediaStream([track])).connect(mixer);
    }
  };
  const amplitude = (samples) => { // Goertzel
    const step = 2 * Math.cos((2 * Math.PI * hz) / context.sampleRate);
    let one = 0, two = 0;
    for (const sample of samples) [one, two] = [sample + step * one - two, one];
    return (2 * Math.sqrt(Math.max(0, one * one + two * two - step * one * two))) / samples.length;
  };
  const hear = (samples, at) => {
    const { tone } = mark;
    tone.blocks += 1;
    if (amplitude(samples) >= LEAST) {
      tone.heard += 1;
      tone.first ||= at;
      tone.last = at;
      remember(mark.blocks, at);
      silentSince = 0;
    } else if (tone.first) {
      if (!silentSince) tone.gaps += 1;
      silentSince ||= at - (BLOCK / context.sampleRate) * 1000;
      tone.longestGap = Math.max(tone.longestGap, at - Math.max(silentSince, tone.last));
    }
  };

  // --- the stage ---
  let watched = null;
  const onFrame = (video) => (at, { width }) => {
    if (watched !== video) return;
    video.requestVideoFrameCallback(onFrame(video));
    const { picture } = mark;
    const time = now();
    if (picture.last) picture.longestGap = Math.max(picture.longestGap, time - picture.last);
    picture.first ||= time;
    picture.last = time;
    picture.count += 1;
    remember(mark.frames, { time, width });
    if (width !== picture.widths.at(-1)?.[1] && picture.widths.length < MAX_WIDTHS) picture.widths.push([time, width]);
  };
  const look = () => {
    const track = lines()[STAGE]?.receiver.track;
    const video = track && [...document.querySelectorAll('video')].find(
      (one) => one.srcObject?.getVideoTracks().includes(track) && one.getBoundingClientRect().width > 0);
    if (!video || video === watched) return;
    watched = video;
    video.requestVideoFrameCallback(onFrame(video));
  };
  setInterval(() => { listen(); look(); }, 50);

  const statistics = async () => {
    const found = { audio: {}, stage: {}, tiles: {}, path: '', rtt: 0, lost: 0, packets: 0, nack: 0, pli: 0, bytes: 0 };
    const connection = probe.connection();
    if (!connection) return found;
    const stage = lines()[STAGE]?.mid;
    const report = await connection.getStats();
    let pair = null;
    report.forEach((entry) => {
      if (entry.type === 'transport' && entry.selectedCandidatePairId) pair = report.get(entry.selectedCandidatePairId);
      if (entry.type === 'candidate-pair' && entry.selected) pair = entry;
      if (entry.type !== 'inbound-rtp') return;
      found.lost += entry.packetsLost ?? 0;
      found.packets += entry.packetsReceived ?? 0;
      found.bytes += entry.bytesReceived ?? 0;
      found.nack += entry.nackCount ?? 0;
      found.pli += entry.pliCount ?? 0;
      const common = { packets: entry.packetsReceived ?? 0, delay: entry.jitterBufferDelay ?? 0,
        emitted: entry.jitterBufferEmittedCount ?? 0 };
      if (entry.kind === 'audio') {
        found.audio[entry.mid] = { ...common, total: entry.totalSamplesReceived ?? 0,
          concealed: (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0),
          silent: entry.silentConcealedSamples ?? 0 };
      } else if (entry.mid === stage) {
        found.stage = { ...common, frames: entry.framesDecoded ?? 0, freezes: entry.freezeCount ?? 0,
          frozen: entry.totalFreezesDuration ?? 0, pli: entry.pliCount ?? 0, dropped: entry.framesDropped ?? 0 };
      } else {
        found.tiles[entry.mid] = entry.framesDecoded ?? 0;
      }
    });
    const remote = pair && report.get(pair.remoteCandidateId);
    found.path = remote?.protocol ?? '';
    found.rtt = pair?.currentRoundTripTime ?? 0;
    return found;
  };
  const less = (after, before = {}) =>
    Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));

  window.gauge = {
    /** Measure from now on. */
    async mark() {
      mark = fresh();
      silentSince = 0;
      mark.base = await statistics();
      return mark.at;
    },
    /** The measurements since the mark. */
    async read() {
      const { base, tone, picture, at } = mark;
      const after = await statistics(), before = base ?? { audio: {}, stage: {}, tiles: {} };
      const voices = Object.entries(after.audio).map(([mid, line]) => ({ mid, ...less(line, before.audio[mid]) }));
      return {
        seconds: (now() - at) / 1000, at, now: now(), tone, picture, voices,
        stage: { packets: 0, delay: 0, emitted: 0, frames: 0, freezes: 0, frozen: 0, pli: 0, dropped: 0,
          ...less(after.stage, before.stage) },
        tiles: less(after.tiles, before.tiles), path: after.path, rtt: after.rtt,
        ...less({ lost: after.lost, packets: after.packets, nack: after.nack, pli: after.pli, bytes: after.bytes }, before),
      };
    },
    /** When the tone, or a new picture of some width, first came at or after a moment; 0: not yet. */
    heardAfter: (moment) => mark.blocks.find((time) => time >= moment) ?? 0,
    seenAfter: (moment, least) => mark.frames.find(({ time, width }) => time >= moment && width >= least)?.time ?? 0,
  };
}
