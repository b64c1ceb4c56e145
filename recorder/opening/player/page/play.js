// Plays the film from any second on: each seek requests it again from this machine, and nothing comes from elsewhere.

const WORDS = {
  vi: { play: 'Xem', pause: 'Dừng', seek: 'Tua', list: 'Lần lượt phát biểu', other: 'English', title: 'Bản ghi',
    trouble: 'Phần này không xem được.', faults: 'Bản ghi có chỗ thiếu hoặc hỏng:',
    pause_hole: 'Tạm dừng ghi', crash: 'Ghi bị gián đoạn', 'no-media': 'Mất hình và tiếng', slow: 'Ổ đĩa chậm', lost: 'Bị mất' },
  en: { play: 'Play', pause: 'Pause', seek: 'Seek', list: 'Who spoke', other: 'Tiếng Việt', title: 'Recording',
    trouble: 'This part cannot be watched.', faults: 'Parts of the recording are missing or damaged:',
    pause_hole: 'Recording paused', crash: 'Recording interrupted', 'no-media': 'No sound and pictures', slow: 'Slow disk', lost: 'Lost' },
};
const COLOURS = ['#5cc9bc', '#e8b04a', '#8fb7ff', '#d79bff', '#9ad36b', '#ff9d94'];
const find = (id) => document.getElementById(id);
const film = find('film'), seek = find('seek');
let language = 'vi', from = 0, timeline = null;

const time = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${h ? `${h}:${String(m).padStart(2, '0')}` : m}:${String(s).padStart(2, '0')}`;
};
const now = () => Math.min(timeline.seconds, from + film.currentTime);

const watch = (seconds) => {
  from = Math.max(0, Math.min(seconds, timeline.seconds - 0.04));
  const running = !film.paused || film.autoplay;
  film.src = `watch?from=${from.toFixed(2)}`;
  if (running) void film.play().catch(() => {});
  show();
};

const show = () => {
  const at = now();
  find('at').textContent = time(at);
  if (document.activeElement !== seek || !seek.matches(':active')) seek.value = String(at);
  seek.setAttribute('aria-valuetext', time(at));
  find('play').textContent = WORDS[language][film.paused ? 'play' : 'pause'];
  for (const button of document.querySelectorAll('#list button')) {
    button.setAttribute('aria-current', String(Number(button.dataset.from) <= at && at < Number(button.dataset.until)));
  }
};

const item = (kind, one, name, small) => {
  const row = document.createElement('li');
  const button = document.createElement('button');
  row.className = kind;
  button.type = 'button';
  button.dataset.from = one.from_s;
  button.dataset.until = one.until_s;
  const at = Object.assign(document.createElement('span'), { className: 'num', textContent: time(one.from_s) });
  const words = document.createElement('span');
  words.append(Object.assign(document.createElement('b'), { textContent: name }), Object.assign(document.createElement('small'), { textContent: small }));
  button.append(at, words);
  button.addEventListener('click', () => { film.autoplay = true; watch(one.from_s); });
  row.append(button);
  return row;
};

const draw = () => {
  const { turns, marks, holes, seconds } = timeline;
  const people = [...new Set(turns.map((turn) => turn.unit || turn.name))];
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', `0 0 ${Math.max(seconds, 0.1)} 1`);
  svg.setAttribute('preserveAspectRatio', 'none');
  const box = (one, fill, least = 0) => {
    const rect = document.createElementNS(space, 'rect');
    rect.setAttribute('x', one.from_s);
    rect.setAttribute('width', Math.max(one.until_s - one.from_s, least));
    rect.setAttribute('height', 1);
    rect.setAttribute('fill', fill);
    svg.append(rect);
  };
  for (const turn of turns) box(turn, COLOURS[people.indexOf(turn.unit || turn.name) % COLOURS.length]);
  for (const hole of holes) box(hole, '#ff9d94', seconds / 300);
  for (const mark of marks) box(mark, '#ffffff', seconds / 300);
  find('turns').replaceChildren(svg);
  const rows = [
    ...turns.map((turn) => ['turn', turn, turn.unit || turn.name || '—', turn.unit ? turn.name : '']),
    ...marks.map((mark) => ['mark', mark, mark.name, '']),
    ...holes.map((hole) => ['hole', hole, WORDS[language][hole.name === 'pause' ? 'pause_hole' : hole.name] ?? hole.name, '']),
  ].sort((a, b) => a[1].from_s - b[1].from_s);
  find('list').replaceChildren(...rows.map((row) => item(...row)));
};

const speak = () => {
  const words = WORDS[language];
  document.documentElement.lang = language;
  document.title = `${words.title} · ${timeline.title}`;
  find('title').textContent = timeline.title || words.title;
  find('when').textContent = new Intl.DateTimeFormat(language === 'vi' ? 'vi-VN' : 'en-GB', { dateStyle: 'full', timeStyle: 'short' }).format(timeline.begun_ms);
  find('language').textContent = words.other;
  find('list-title').textContent = words.list;
  find('all').textContent = time(timeline.seconds);
  seek.max = String(timeline.seconds);
  seek.setAttribute('aria-label', words.seek);
  if (timeline.faults.length) {
    find('trouble').hidden = false;
    find('trouble').textContent = `${words.faults} ${timeline.faults.join('; ')}`;
  }
  draw();
  show();
};

timeline = await (await fetch('timeline')).json();
find('play').addEventListener('click', () => {
  film.autoplay = film.paused;
  if (!film.src) watch(from);
  else if (film.paused) void film.play().catch(() => {});
  else film.pause();
});
find('language').addEventListener('click', () => { language = language === 'vi' ? 'en' : 'vi'; speak(); });
seek.addEventListener('change', () => { film.autoplay = true; watch(Number(seek.value)); });
seek.addEventListener('input', () => { find('at').textContent = time(Number(seek.value)); });
for (const event of ['timeupdate', 'play', 'pause', 'ended']) film.addEventListener(event, show);
// After a pause of minutes the connection is gone: the film then starts again from the same place.
film.addEventListener('error', () => {
  const at = now();
  if (film.currentTime > 0.5) { film.autoplay = true; watch(at); } else { find('trouble').hidden = false; find('trouble').textContent = WORDS[language].trouble; }
});
speak();
