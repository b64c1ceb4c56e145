// A camera and a microphone in place of the page's own: once a second a flash and a beep, drawn and made by one clock.
//
// Between the beeps, while the person speaks, there is a wavering tone with pauses, which the server takes for speech.
// The instants of the clap are kept, so that a viewer on the same machine can say how long mouth to ear took.
({ base, flash, voiceHz, beepHz, width, height, fps }) => {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const PERIOD_MS = 1000, FLASH_MS = 200, BEEP_S = 0.1, VOICE_S = 0.6, AHEAD_MS = 400, LOUD = 0.3, BEEP_LOUD = 0.35;
  const MAX_CLAPS = 600;
  const now = () => performance.timeOrigin + performance.now();
  const claps = [];
  let speaking = false, started = null;

  const start = () => {
    if (started) return started;
    const context = new AudioContext({ latencyHint: 'interactive' });
    void context.resume();
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const pen = canvas.getContext('2d', { alpha: false });
    const camera = canvas.captureStream(0);
    const picture = camera.getVideoTracks()[0];
    const film = picture.requestFrame ? picture : camera; // Chromium has it there, Firefox here
    const out = new GainNode(context);
    const late = new DelayNode(context, { maxDelayTime: 1 });
    const sink = context.createMediaStreamDestination();
    out.connect(late).connect(sink);

    const voice = new GainNode(context, { gain: 0 });
    const syllables = new GainNode(context, { gain: LOUD });
    const tone = new OscillatorNode(context, { frequency: voiceHz });
    const swell = new OscillatorNode(context, { frequency: 5 });
    const waver = new OscillatorNode(context, { frequency: 3 });
    swell.connect(new GainNode(context, { gain: 0.92 * LOUD })).connect(syllables.gain);
    waver.connect(new GainNode(context, { gain: 20 })).connect(tone.frequency);
    tone.connect(syllables).connect(voice).connect(out);
    const beep = new GainNode(context, { gain: 0 });
    const high = new OscillatorNode(context, { frequency: beepHz });
    high.connect(beep).connect(out);
    for (const one of [tone, swell, waver, high]) one.start();

    // The context's clock lags by up to a buffer when it is read; the least lag of the last second is the true one.
    const lags = [];
    const contextTimeOf = (ms) => (ms - Math.min(...lags)) / 1000;
    const listen = () => {
      lags.push(now() - context.currentTime * 1000);
      if (lags.length > 100) lags.shift();
    };
    let next = Math.ceil(now() / PERIOD_MS + 1) * PERIOD_MS;
    const schedule = () => {
      listen();
      if (lags.length < 50 || next - now() > AHEAD_MS) return;
      const at = contextTimeOf(next);
      if (speaking && at > context.currentTime) {
        beep.gain.setValueAtTime(BEEP_LOUD, at);
        beep.gain.setValueAtTime(0, at + BEEP_S);
        voice.gain.setValueAtTime(1, at + BEEP_S);
        voice.gain.setValueAtTime(0, at + BEEP_S + VOICE_S);
        claps.push(next);
        if (claps.length > MAX_CLAPS) claps.shift();
      }
      next += PERIOD_MS;
    };
    setInterval(schedule, 10);

    let frame = 0;
    const draw = () => {
      const at = now(), into = (at + 1) % PERIOD_MS;
      pen.fillStyle = into < FLASH_MS ? flash : base;
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = '#808080';
      pen.fillRect((frame * 13) % width, height * 0.85, width / 20, height * 0.15);
      frame += 1;
      film.requestFrame();
      const step = 1000 / fps;
      setTimeout(draw, step - ((now() + 1) % step) + 0.5);
    };
    draw();
    return (started = { context, picture, late, sink });
  };

  devices.getUserMedia = async (wanted = {}) => {
    const { picture, sink } = start();
    const tracks = [];
    if (wanted.audio) tracks.push(sink.stream.getAudioTracks()[0].clone());
    if (wanted.video) tracks.push(picture.clone());
    return new MediaStream(tracks);
  };
  const kinds = [['audioinput', 'microphone'], ['videoinput', 'camera']];
  devices.enumerateDevices = async () => kinds.map(([kind, name]) => {
    const entry = { kind, deviceId: `test-${name}`, label: `Test ${name}`, groupId: 'test' };
    return { ...entry, toJSON: () => entry };
  });
  window.clapper = {
    speak: (on) => { speaking = on; start(); },
    /** The sound comes this much later than the picture, as a fault would have it. */
    delaySound: (ms) => { start().late.delayTime.value = ms / 1000; },
    claps: () => claps,
    /** Tracks for a connection beside the product's. */
    stream: () => devices.getUserMedia({ audio: true, video: true }),
  };
}
