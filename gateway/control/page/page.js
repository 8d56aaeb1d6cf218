// SPDX-License-Identifier: GPL-2.0-or-later
//
// The status page. It reads the same API as everybody, redraws what an event says has changed, and
// puts whatever a device has said about itself into the page as text only.
'use strict';
const $ = id => document.getElementById(id);
const kPart = 100;  // mappings at once
const kEvents = 60;
let data = {}, start = 0, refusals = [], ticking = [];

function make(name, text, className) {
  const out = document.createElement(name);
  if (text !== undefined && text !== null) out.textContent = text;
  if (className) out.className = className;
  return out;
}

function duration(s) {
  if (s === null || s === undefined) return 'for ever';
  s = Math.max(0, Math.round(s));
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min ' + (s % 60) + ' s';
  if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
  return Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h';
}

function bytes(n) {
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (n < 1000) return (n < 10 && unit !== 'B' ? n.toFixed(1) : Math.round(n)) + ' ' + unit;
    n /= 1000;
  }
  return n.toFixed(1) + ' TB';
}

const nats = {
  'full-cone': 'Open: anybody can reach a port that it uses',
  'restricted-cone': 'Moderate: whoever it has talked to can reach it',
  'port-restricted-cone': 'Moderate: only answers come in',
  'symmetric': 'Strict: everybody sees another port; some games and calls need help',
};
const natWords = nat => nats[nat] || (nat ? 'Custom: ' + nat : 'IPv6: no translation');

const asked = {
  static: row => row.owner === 'configuration' ? 'you, in the configuration' : 'you, by command',
  igd: row => 'UPnP of ' + nameOf(row.inside),
  natpmp: row => 'NAT-PMP of ' + nameOf(row.inside),
  pcp: row => 'PCP of ' + nameOf(row.inside),
};

const reasons = {
  no_outside_address: 'there is no outside address',
  host_quota: 'this device has as many mappings as it may',
  pool_empty: 'no outside port is free',
  table_full: 'the table is full',
  commit_failed: 'the kernel did not take it',
  port_taken: 'the port is taken',
  port_reserved: 'the port belongs to the router',
  owner_quota: 'it holds as many forwards as it may',
  not_sip: 'this is no SIP',
  off_link: 'it is not in the house',
  other_host: 'it asked for another device',
  outside_port: 'this outside port is not for devices',
  inside_port: 'this inside port is not for devices',
  browser: 'a web page asked, not a program',
};
const reasonWords = r => reasons[r] || String(r).replaceAll('_', ' ');

const addressOf = endpoint => String(endpoint).replace(/:[\d-]*$/, '').replace(/^\[|\]$/g, '');

function nameOf(endpoint) {
  const address = addressOf(endpoint);
  const host = (data.hosts || []).find(h => h.address === address);
  return host && host.name || address;
}

// A table from rows; columns are [heading, value of the row, 'num' for numbers
// and 'addr' for addresses]. A value may be a
// number of seconds to count down, as {until}.
function table(id, columns, rows, none) {
  const out = $(id);
  const body = make('tbody');
  for (const row of rows) {
    const tr = make('tr');
    for (const [heading, value, kind] of columns) {
      const v = value(row);
      const td = make('td', v && v.until !== undefined ? '' : v ?? '-', kind);
      td.dataset.name = heading;
      if (v && v.until !== undefined) ticking.push([td, v.until]);
      tr.append(td);
    }
    body.append(tr);
  }
  if (!rows.length) {
    out.replaceChildren(body);
    body.insertRow().append(make('td', none, 'none'));
    return;
  }
  const head = make('thead');
  const tr = head.insertRow();
  for (const [heading, , kind] of columns) {
    const th = make('th', heading, kind);
    th.scope = 'col';
    tr.append(th);
  }
  out.replaceChildren(head, body);
  tick();
}

function tick() {
  ticking = ticking.filter(([td]) => td.isConnected || !td.textContent);
  for (const [td, until] of ticking)
    td.textContent = until === null ? 'for ever' : duration((until - Date.now()) / 1000);
}

const until = s => ({ until: s === null || s === undefined ? null : Date.now() + s * 1000 });

const draw = {
  status(s) {
    $('version').textContent = 'version ' + s.version + ', up ' + duration(s.uptime);
    $('lan').textContent = s.lan.map(l => l.address || l.interface).join(', ');
    $('nat').textContent = s.nat.type;
    $('wan').textContent = s.wan.address ? s.wan.address.split('/')[0] : 'no address';
    const words = { public: ['public address', 'good'], cgnat: ['shared by the provider (CGNAT)', 'bad'],
      private: ['private: a router is in front', 'warn'], none: ['not connected', 'bad'] };
    const [text, kind] = words[s.wan.reach] || [s.wan.reach, ''];
    $('reach').textContent = text;
    $('reach').className = kind;
    table('tables', [['What', t => t.table.replaceAll('_', ' ')], ['There are', t => t.used, 'num'],
      ['There may be', t => t.most, 'num'], ['Of one device', t => t.of_device, 'num'],
      ['Refused', t => t.refused, 'num']], s.tables || [], 'Nothing is bounded.');
    part();
    why();
  },
  hosts(rows) {
    const some = rows.slice(0, 40).map(h => {
      const li = make('li', h.name || h.address, h.sessions ? 'busy' : '');
      li.append(make('small', h.name ? h.address : h.mac || ''));
      return li;
    });
    if (rows.length > 40) some.push(make('li', 'and ' + (rows.length - 40) + ' more'));
    if (!rows.length) some.push(make('li', 'nobody is here yet'));
    $('devices').replaceChildren(...some);
    table('hosts', [['Device', h => h.name || h.address], ['Address', h => h.address, 'addr'],
      ['NAT type', h => natWords(h.nat)], ['Mappings', h => h.mappings, 'num'],
      ['Sessions', h => h.sessions, 'num']], rows.slice(0, 300), 'No device has been seen.');
    why();
  },
  forwards(rows) {
    table('forwards', [['Outside', f => f.proto + ' ' + f.outside, 'addr'],
      ['Leads to', f => f.inside + (f.remote ? ', only from ' + f.remote : '')],
      ['Asked for by', f => (asked[f.origin] || (() => f.origin))(f)], ['For', f => f.description],
      ['Lives', f => f.enabled ? until(f.expires_in) : 'switched off', 'num']],
      rows.slice(0, 300), 'Nothing is forwarded.');
    why();
  },
  pinholes(rows) {
    const there = p => p.inside ? `[${p.inside}]` : ((data.hosts || []).find(h => h.mac === p.mac) || {}).address || p.mac;
    table('pinholes', [['Leads to', p => nameOf(there(p))], ['Address', p => p.inside || p.mac, 'addr'],
      ['Port', p => p.proto + ' ' + p.port, 'addr'], ['Only from', p => p.remote, 'addr'],
      ['Asked for by', p => (asked[p.origin] || (() => p.origin))({ ...p, inside: there(p) })],
      ['For', p => p.description], ['Lives', p => until(p.expires_in), 'num']],
      rows.slice(0, 300), 'No pinhole is open.');
  },
  calls(rows) {
    const media = m => m.map(s => (s.inside || '?') + ' ↔ ' + (s.peer || '?')).join(', ');
    table('calls', [['From', c => c.from], ['To', c => c.to], ['State', c => c.state],
      ['Media', c => media(c.media) || '-'], ['Help', c => c.help]], rows.slice(0, 100), 'No calls.');
  },
  mappings(rows) {
    table('mappings', [['Device', m => nameOf(m.inside)], ['Inside', m => m.proto + ' ' + m.inside, 'addr'],
      ['Outside', m => m.outside, 'addr'], ['Sessions', m => m.sessions, 'num'],
      ['Lives', m => until(m.expires_in), 'num']], rows.slice(0, kPart), 'No mappings.');
    part();
  },
  leases(rows) {
    table('leases', [['Address', l => l.address, 'addr'], ['Device', l => l.name || '-'], ['MAC', l => l.mac, 'addr'],
      ['State', l => l.state], ['Lives', l => l.state === 'bound' ? until(l.expires_in) : '-', 'num']],
      rows.slice(0, 300), 'No leases.');
  },
  history(h) {
    const bits = a => a.map(n => n * 8 / h.step);
    const most = Math.max(...bits(h.bytes_in), ...bits(h.bytes_out), 0);
    plot('traffic', [['in', bits(h.bytes_in)], ['out', bits(h.bytes_out)]], most);
    const now = a => a.length ? a[a.length - 1] : 0;
    $('traffic-text').textContent = most ? 'Traffic: ' + bytes(now(h.bytes_in) / h.step) + '/s in (filled), ' +
      bytes(now(h.bytes_out) / h.step) + '/s out, at most ' + bytes(most / 8) + '/s' : 'Traffic: none yet';
    const made = Math.max(...h.mappings_made, 0);
    plot('made', [['in', h.mappings_made]], made);
    $('made-text').textContent = made ? 'New mappings: ' + h.mappings_made.reduce((a, b) => a + b, 0) +
      ' in this time, at most ' + made + ' in ' + h.step + ' s' : 'New mappings: none yet';
  },
};

function plot(id, lines, most) {
  $(id).replaceChildren(...lines.map(([kind, values]) => {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    const from = 240 - values.length;
    const points = values.map((v, i) => (from + i) + ' ' + (58 - 55 * v / (most || 1)).toFixed(1));
    const area = kind === 'in' && points.length ? `M${from} 60L${points.join('L')}L239 60` : 'M' + points.join('L');
    if (points.length) path.setAttribute('d', area);
    path.setAttribute('class', kind);
    return path;
  }));
}

function part() {
  const all = data.status ? data.status.counts.mappings : 0;
  const shown = (data.mappings || []).length;
  $('part').textContent = shown ? `${start + 1} to ${start + shown} of ${Math.max(all, start + shown)}` : '';
  $('back').disabled = start === 0;
  $('on').disabled = start + shown >= all;
}

// What the router beyond this one does for us, where it does not help.
const upstreams = {
  off: () => 'The router beyond is not asked to open ports: option upstream is off.',
  searching: () => 'Looking for a router beyond that opens ports for this one.',
  absent: () => 'The router beyond opens no ports: switch on UPnP, NAT-PMP or PCP there, where it is yours.',
  private: up => `The router beyond (${up.gateway}) has no public address itself: ${up.address}.`,
};

// The answer from facts: from the line to the device.
function why() {
  const s = data.status, forwards = data.forwards || [], hosts = data.hosts || [];
  if (!s) return;
  const out = [];
  const say = (kind, text) => out.push(make('li', text, kind));
  const address = s.wan.address ? s.wan.address.split('/')[0] : '';
  const up = s.wan.upstream || {}, on = forwards.filter(f => f.enabled);
  const many = (n, one) => n + ' ' + one + (n === 1 ? '' : 's');
  // Strangers come as far as the router; or, behind another one, to the ports which that one opens.
  const behind = address && s.wan.reach !== 'public', helped = behind && up.state === 'works';
  const some = helped && (up.held < up.wanted || !up.held);
  if (!address) say('bad', `${s.wan.interface} has no address: the line is down, or the modem gives none.`);
  else if (s.wan.reach === 'public') say('good', `${address} is public: the internet can reach the router.`);
  else if (helped) say('good', `${address} is not public, but the router beyond (${up.gateway}) opens ports for this one at ${up.address}.`);
  else if (s.wan.reach === 'cgnat') say('bad', `${address} belongs to your provider's own NAT (CGNAT): nobody outside can begin to talk to you. Ask for a public address, or use IPv6.`);
  else say('bad', `${address} is a private address: another router in front must forward to this one, or become a mere modem.`);
  if (behind && upstreams[up.state]) say('warn', upstreams[up.state](up));
  if (!on.length) say('warn', 'Nothing is forwarded: strangers reach no device. Who a device has talked to may answer.');
  else if (some) say('warn', `The router beyond has opened ${up.held} of ${many(up.wanted, 'port')}${up.reason ? ' (' + up.reason + ')' : ''}: strangers come in by these only.`);
  else if (helped || address && !behind) say('good', many(on.length, 'forward') + (on.length === 1 ? ' lets' : ' let') + ' strangers in, as listed below.');
  else say('warn', many(on.length, 'forward') + ' would let strangers in, but they do not get as far as this router.');
  for (const f of forwards.filter(f => !f.enabled).slice(0, 5))
    say('warn', `The forward of ${f.proto} ${f.outside} is switched off.`);
  for (const f of on.filter(f => !hosts.some(h => h.address === addressOf(f.inside))).slice(0, 5))
    say('warn', `${f.proto} ${f.outside} leads to ${f.inside}, but no device has been seen there.`);
  for (const h of hosts.filter(h => h.nat === 'symmetric').slice(0, 5))
    say('warn', `${h.name || h.address} has a strict NAT type: games and calls between peers may fail.`);
  if (refusals.length) {
    const r = refusals[0];
    say('warn', `Lately refused: ${whatOf(r)}, because ${reasonWords(r.reason)}.`);
  }
  $('why').replaceChildren(...out);
}

const whatOf = e => [e.proto, e.what, e.inside ? nameOf(e.inside) + ' (' + e.inside + ')' : e.client || e.mac]
  .filter(Boolean).join(' ') || e.by;
const timeOf = e => e.time ? new Date(e.time * 1000).toLocaleTimeString() : '';

function drawRefusals() {
  table('refused', [['When', timeOf], ['What', whatOf], ['By', e => e.by],
    ['Why', e => reasonWords(e.reason)]], refusals, 'Nothing was refused lately.');
  why();
}

// Which lists an event changes.
const changes = [[/^mapping/, 'mappings', 'hosts', 'status'], [/^forward/, 'forwards', 'status'],
  [/^pinhole/, 'pinholes', 'status'],
  [/^lease|^link/, 'leases', 'hosts', 'status'], [/^call|^phone/, 'calls'], [/^outside/, 'status', 'mappings', 'forwards'],
  [/^lost/, 'status', 'hosts', 'forwards', 'pinholes', 'calls', 'mappings', 'leases']];

// A stream that begins anew tells the last events once more; ids begin at 1 with each daemon, and
// then the time goes on.
let heard = { id: 0, time: 0 };
function hear(event, id = event.id) {
  if (event.time) {
    if (id <= heard.id && event.time <= heard.time) return;
    heard = { id, time: event.time };
  }
  if (event.event === 'refused') {
    refusals.unshift(event);
    refusals.length = Math.min(refusals.length, 30);
    soon('refused');
  }
  if (!event.event.startsWith('mapping')) {
    const li = make('li');
    const rest = Object.entries(event).filter(([k]) => !['id', 'time', 'event'].includes(k));
    li.append(make('time', timeOf(event)), event.event.replaceAll('_', ' ') + ': ' +
      rest.map(([k, v]) => k + ' ' + v).join(', '));
    $('events').prepend(li);
    while ($('events').children.length > kEvents) $('events').lastChild.remove();
  }
  for (const [pattern, ...names] of changes)
    if (pattern.test(event.event)) names.forEach(soon);
}

// Each list is read again at most every second, however much happens.
const waiting = {}, last = {};
function soon(name) {
  if (waiting[name]) return;
  waiting[name] = setTimeout(() => { delete waiting[name]; load(name); },
    Math.max(50, (last[name] || 0) + 1000 - Date.now()));
}

async function load(name) {
  last[name] = Date.now();
  if (name === 'refused') return drawRefusals();
  try {
    const query = name === 'mappings' ? `?limit=${kPart}&offset=${start}` : '';
    const answer = await fetch('api/v1/' + name + query);
    if (!answer.ok) return;
    data[name] = await answer.json();
    draw[name](data[name]);
  } catch (e) { /* the stream of events tells that the router is away */ }
}

const loadAll = () => ['status', 'hosts', 'forwards', 'pinholes', 'calls', 'mappings', 'leases', 'history'].forEach(soon);

function live(state, text) {
  $('live').className = state;
  $('live').textContent = text;
}

function listen() {
  const source = new EventSource('api/v1/events?last=50');
  source.onopen = () => { live('on', 'live'); loadAll(); };
  // Whatever an event tells of may have an id of its own.
  source.onmessage = message => hear(JSON.parse(message.data), Number(message.lastEventId));
  source.onerror = () => {
    live('off', 'the router does not answer');
    // Refused, as to one listener too many, is for good; all else the browser tries again itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 10000);
  };
}

function turn(by) {
  start = Math.max(0, start + by);
  load('mappings');
}

$('back').onclick = () => turn(-kPart);
$('on').onclick = () => turn(kPart);
drawRefusals();
loadAll();
listen();
setInterval(tick, 1000);
// What no event tells: counts of sessions, traffic. Nobody looks at a hidden page.
setInterval(() => { if (!document.hidden) ['status', 'hosts', 'mappings', 'history'].forEach(soon); }, 15000);
document.onvisibilitychange = () => { if (!document.hidden) loadAll(); };
