// A camera, a microphone and a screen made of canvas and oscillator, in place of the browser's own devices.
//
// The camera is a plane of one colour with a moving bar and, in its lower part, the number of the frame in
// two rows of nine cells (eight bits and their odd parity), wide enough to be read at the size of a tile.
// The microphone is one tone, as loud and as uneven as speech, so that it is told from noise.
// A stubborn browser is a changed client: whatever the page decides, its microphone is sent.
(settings) => {
  const WIDTH = 640, HEIGHT = 360, FPS = 15, CELLS = 9;
  const { colour, screenColour, toneHz, camera, microphone, stubborn } = settings;
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
  const picture = (base) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
    const pen = canvas.getContext('2d', { alpha: false });
    return {
      canvas,
      draw() {
        pen.fillStyle = base;
        pen.fillRect(0, 0, WIDTH, HEIGHT);
        pen.fillStyle = '#ffffff';
        pen.fillRect((frame * 13) % WIDTH, 0, WIDTH / 20, HEIGHT / 6);
        drawRow(pen, (frame >> 8) & 255, 0);
        drawRow(pen, frame & 255, 1);
      },
    };
  };
  const pictures = { camera: picture(colour), screen: picture(screenColour) };
  const draw = () => {
    frame = (frame + 1) & 0xffff;
    pictures.camera.draw();
    pictures.screen.draw();
  };
  draw();
  setInterval(draw, 1000 / FPS);

  let sound = null;
  const speak = () => {
    if (sound) return sound;
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: toneHz });
    const loudness = new GainNode(context, { gain: 0.3 });
    const syllables = new OscillatorNode(context, { frequency: 4 });
    const depth = new GainNode(context, { gain: 0.15 });
    syllables.connect(depth).connect(loudness.gain);
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
  const videoTrack = (name) =>
    dress(pictures[name].canvas.captureStream(FPS).getVideoTracks()[0], `test-${name}`, `Test ${name}`, {
      width: WIDTH, height: HEIGHT, frameRate: FPS,
    });
  const audioTrack = () => {
    const { context, loudness } = speak();
    const sink = context.createMediaStreamDestination();
    loudness.connect(sink);
    void context.resume();
    return dress(sink.stream.getAudioTracks()[0], 'test-microphone', 'Test microphone', { channelCount: 1 });
  };
  const refuse = (state) => {
    if (state === 'denied') throw new DOMException('Permission denied', 'NotAllowedError');
    if (state === 'missing') throw new DOMException('Requested device not found', 'NotFoundError');
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
    if (wanted.audio) tracks.push(audioTrack());
    if (wanted.video) tracks.push(videoTrack('camera'));
    if (!tracks.length) throw new TypeError('At least one of audio and video must be requested');
    return new MediaStream(tracks);
  };
  devices.getDisplayMedia = async () => new MediaStream([videoTrack('screen')]);
  devices.enumerateDevices = async () => [
    ...(microphone === 'missing' ? [] : [device('audioinput', 'microphone')]),
    ...(camera === 'missing' ? [] : [device('videoinput', 'camera')]),
  ];
  if (stubborn) {
    const replace = RTCRtpSender.prototype.replaceTrack;
    RTCRtpSender.prototype.replaceTrack = function (track) {
      return track ? replace.call(this, track) : Promise.resolve();
    };
    MediaStreamTrack.prototype.stop = () => {};
    Object.defineProperty(MediaStreamTrack.prototype, 'enabled', { get: () => true, set: () => {} });
  }
  window.testDevices = { frame: () => frame };
}
