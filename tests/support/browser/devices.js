// A camera, a microphone and a screen made of canvas and oscillator, in place of the browser's own devices.
//
// The camera is a plane of one colour with a moving bar and, in its lower part, the number of the frame in
// two rows of nine cells (eight bits and odd parity), wide enough to be read at the size of a tile.
// The microphone is one tone, as loud and uneven as speech, which the server takes it for (sfu/voice).
// With grain the plane is as uneven as a real camera's picture, and costs the encoder as much.
// More of them are plugged in and out by `testDevices`, which also holds a device back as the system does, and answers the
// browser's question for one that is "asking".
// A stubborn browser is a modified client: it sends its microphone whatever the page decides.
(settings) => {
  const CELLS = 9;
  const { colour, screenColour, toneHz, camera, microphone, stubborn, portrait } = settings;
  const { width: WIDTH, height: HEIGHT, fps: FPS, loudness: LOUDNESS, grain: GRAIN } = settings;
  let frame = 0;

  const drawRow = (pen, byte, row) => {
    let ones = 0;
    const width = WIDTH / CELLS, height = HEIGHT / 8;
    for (let cell = 0; cell < CELLS; cell++) {
      const bit = cell < 8 ? (byte >> (7 - cell)) & 1 : 1 - (ones & 1);
      ones += bit;
      pen.fillStyle = bit ? '#ffffff' : '#000000';
      pen.fillRect(cell * width, HEIGHT - (2 - row) * height, width, height);
    }
  };
  // Somebody at a desk, for pictures of the screens; frames cannot be counted.
  const drawPortrait = (pen) => {
    const sway = Math.sin(frame / 9) * WIDTH / 120;
    const shape = (fill, x, y, width, height) => {
      pen.fillStyle = fill;
      pen.beginPath();
      pen.ellipse(WIDTH * x + sway, HEIGHT * y, WIDTH * width, HEIGHT * height, 0, 0, 2 * Math.PI);
      pen.fill();
    };
    pen.fillStyle = '#ffffff20';
    pen.fillRect(WIDTH * 0.06, HEIGHT * 0.1, WIDTH * 0.22, HEIGHT * 0.4);
    pen.fillRect(WIDTH * 0.76, 0, WIDTH * 0.02, HEIGHT);
    shape('#c4936c', 0.5, 0.6, 0.045, 0.12);
    shape('#e9eef0', 0.5, 1.06, 0.23, 0.42);
    shape('#d9a982', 0.5, 0.42, 0.085, 0.2);
    shape('#2a2320', 0.5, 0.29, 0.09, 0.1);
    pen.fillStyle = '#3a2c22';
    pen.fillRect(0, HEIGHT * 0.93, WIDTH, HEIGHT * 0.07);
  };
  const noise = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH * 2, height: HEIGHT * 2 });
    const pen = canvas.getContext('2d');
    const image = pen.createImageData(canvas.width / 4, canvas.height / 4);
    let state = 1;
    for (let at = 0; at < image.data.length; at += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      image.data.fill(state >>> 24, at, at + 3);
      image.data[at + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
    pen.drawImage(canvas, 0, 0, image.width, image.height, 0, 0, canvas.width, canvas.height);
    return canvas;
  };
  const grains = GRAIN ? noise() : null;
  const drawGrain = (pen) => {
    pen.globalAlpha = GRAIN;
    pen.drawImage(grains, -((frame * 379) % WIDTH), -((frame * 211) % HEIGHT));
    pen.globalAlpha = 1;
  };
  const picture = (base) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
    const pen = canvas.getContext('2d', { alpha: false });
    return {
      canvas,
      draw() {
        pen.fillStyle = base;
        pen.fillRect(0, 0, WIDTH, HEIGHT);
        if (portrait && base === colour) return drawPortrait(pen);
        if (grains) drawGrain(pen);
        pen.fillStyle = '#ffffff';
        pen.fillRect((frame * 13) % WIDTH, 0, WIDTH / 20, HEIGHT / 6);
        drawRow(pen, (frame >> 8) & 255, 0);
        drawRow(pen, frame & 255, 1);
      },
    };
  };
  const pictures = { camera: picture(colour), screen: picture(screenColour) };
  const shown = new Set(['camera']); // the screen is drawn only once it is shared
  const draw = () => {
    frame = (frame + 1) & 0xffff;
    for (const name of shown) pictures[name].draw();
  };
  draw();
  setInterval(draw, 1000 / FPS);

  let sound = null;
  const speak = () => {
    if (sound) return sound;
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: toneHz });
    const loudness = new GainNode(context, { gain: LOUDNESS });
    const syllables = new OscillatorNode(context, { frequency: 4 });
    const depth = new GainNode(context, { gain: 0.92 * LOUDNESS });
    syllables.connect(depth).connect(loudness.gain);
    // A steady tone is music to the server's ears; a voice wavers.
    const waver = new OscillatorNode(context, { frequency: 3 });
    waver.connect(new GainNode(context, { gain: 20 })).connect(tone.frequency);
    waver.start();
    tone.connect(loudness);
    tone.start();
    syllables.start();
    return (sound = { context, loudness });
  };

  const dress = (track, id, label, more) => {
    const native = track.getSettings.bind(track);
    track.getSettings = () => ({ ...native(), deviceId: id, groupId: 'test', ...more });
    Object.defineProperty(track, 'label', { value: label });
    return track;
  };
  /** Of a machine: what is plugged in, the tracks that run, and the questions that nobody has answered. */
  const plugged = { audioinput: ['microphone'], videoinput: ['camera'] };
  if (microphone === 'missing') plugged.audioinput = [];
  if (camera === 'missing') plugged.videoinput = [];
  const taken = [];
  const questions = [];
  const pick = (kind, wish) => {
    const wanted = wish.deviceId?.exact?.replace('test-', '');
    const name = wanted ? plugged[kind].find((one) => one === wanted) : plugged[kind][0];
    if (!name && wanted) throw new OverconstrainedError('deviceId', 'no such device');
    if (!name) throw new DOMException('Requested device not found', 'NotFoundError');
    return name;
  };
  const take = (kind, name, track) => {
    taken.push({ kind, name, track });
    return track;
  };
  const videoTrack = (name, source = name) =>
    dress(pictures[source].canvas.captureStream(FPS).getVideoTracks()[0], `test-${name}`, `Test ${name}`, {
      width: WIDTH, height: HEIGHT, frameRate: FPS,
    });
  const audioTrack = (name) => {
    const { context, loudness } = speak();
    const sink = context.createMediaStreamDestination();
    loudness.connect(sink);
    void context.resume();
    return dress(sink.stream.getAudioTracks()[0], `test-${name}`, `Test ${name}`, { channelCount: 1 });
  };
  const refuse = (state) => {
    if (state === 'denied') throw new DOMException('Permission denied', 'NotAllowedError');
  };
  const device = (kind, name) => {
    const entry = { kind, deviceId: `test-${name}`, label: `Test ${name}`, groupId: 'test' };
    return { ...entry, toJSON: () => entry };
  };

  const devices = navigator.mediaDevices;
  if (!devices) return;
  devices.getUserMedia = async (wanted = {}) => {
    if (wanted.video) refuse(camera);
    if (wanted.audio) refuse(microphone);
    const tracks = [];
    const asking = (wanted.video && camera === 'asking') || (wanted.audio && microphone === 'asking');
    if (asking && !answered) await new Promise((resolve) => questions.push(resolve));
    const names = [wanted.audio && pick('audioinput', wanted.audio), wanted.video && pick('videoinput', wanted.video)];
    if (names[0]) tracks.push(take('audioinput', names[0], audioTrack(names[0])));
    if (names[1]) tracks.push(take('videoinput', names[1], videoTrack(names[1], 'camera')));
    if (!tracks.length) throw new TypeError('At least one of audio and video must be requested');
    return new MediaStream(tracks);
  };
  devices.getDisplayMedia = async () => {
    shown.add('screen');
    return new MediaStream([videoTrack('screen')]);
  };
  devices.enumerateDevices = async () => [
    ...plugged.audioinput.map((name) => device('audioinput', name)),
    ...plugged.videoinput.map((name) => device('videoinput', name)),
  ];
  let answered = false;
  const running = (kind, name) => taken.filter((one) => one.kind === kind && (!name || one.name === name) && one.track.readyState === 'live');
  if (stubborn) {
    const replace = RTCRtpSender.prototype.replaceTrack;
    RTCRtpSender.prototype.replaceTrack = function (track) {
      return track ? replace.call(this, track) : Promise.resolve();
    };
    MediaStreamTrack.prototype.stop = () => {};
    Object.defineProperty(MediaStreamTrack.prototype, 'enabled', { get: () => true, set: () => {} });
  }
  window.testDevices = {
    frame: () => frame,
    plug(kind, name) {
      plugged[kind].push(name);
      devices.dispatchEvent(new Event('devicechange'));
    },
    unplug(kind, name) {
      plugged[kind] = plugged[kind].filter((one) => one !== name);
      for (const { track } of running(kind, name)) {
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
      devices.dispatchEvent(new Event('devicechange'));
    },
    hold(kind, held) {
      for (const { track } of running(kind)) {
        Object.defineProperty(track, 'muted', { value: held, configurable: true });
        track.dispatchEvent(new Event(held ? 'mute' : 'unmute'));
      }
    },
    answer() {
      answered = true;
      for (const resolve of questions.splice(0)) resolve();
    },
    /** The devices whose light is on. */
    lit: (kind) => running(kind).map(({ name }) => name),
    questions: () => questions.length,
  };
}
