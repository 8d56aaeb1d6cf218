// SPDX-License-Identifier: GPL-2.0-or-later
//
// The pages of luci-app-gatehouse in a stand-in of LuCI: node luci_test.js [--write-template].
// They are loaded the way LuCI loads them, drawn with what a hostile house could say of itself, and
// compared with the sample configuration, the access rules and the translation template.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const vm = require('node:vm');

const top = path.resolve(__dirname, '../..');
const app = path.join(top, 'openwrt/luci-app-gatehouse');
const resources = path.join(app, 'htdocs/luci-static/resources');
const pages = [
  'gatehouse/common', 'gatehouse/options', 'view/gatehouse/overview', 'view/gatehouse/forwards',
  'view/gatehouse/settings', 'view/status/include/60_gatehouse',
];
const read = file => fs.readFileSync(file, 'utf8');
const sourceOf = name => read(path.join(resources, name + '.js'));
const acl = JSON.parse(read(path.join(app, 'root/usr/share/rpcd/acl.d/luci-app-gatehouse.json')));

const kFormat = `String.prototype.format = function(...values) {
  return this.replace(/%[sd]/g, () => String(values.shift()));
};`;

// --- LuCI's dom.js: a bare string is HTML, what stands in an array is text or a node -------------

class Node {}

class Element extends Node {
  constructor(tag, attributes) {
    super();
    Object.assign(this, { tag, attributes, children: [], html: '', value: '' });
  }
  append(data) {
    if (Array.isArray(data)) {
      for (const one of data)
        if (one !== null && one !== undefined) this.children.push(one instanceof Node ? one : String(one));
    } else if (data instanceof Node) {
      this.children.push(data);
    } else if (data !== null && data !== undefined) {
      this.html += data;
    }
  }
  all() {
    return [ this, ...this.children.filter(c => c instanceof Element).flatMap(c => c.all()) ];
  }
  text() {
    return this.children.map(c => c instanceof Element ? c.text() : c).join(' ');
  }
}

function E(tag, attributes, data) {
  assert.ok(attributes && !Array.isArray(attributes), 'E(' + tag + ') without attributes');
  const out = new Element(tag, attributes);
  out.append(data);
  return out;
}

// --- the rest of LuCI ----------------------------------------------------------------------------

function luci(answers) {
  const state = { calls: [], polls: [], sections: [], notifications: [] };
  const extend = members => members;
  class Option {
    constructor(kind, name, title, sentence) { Object.assign(this, { kind, name, title, sentence, words: [] }); }
    value(word) { this.words.push(word); }
  }
  class Section {
    constructor(kind, type) { Object.assign(this, { kind, type, options: [] }); }
    option(kind, ...rest) {
      this.options.push(new Option(kind, ...rest));
      return this.options.at(-1);
    }
  }
  const modules = {
    baseclass: { extend },
    view: { extend },
    rpc: {
      declare: spec => (...values) => {
        const call = { object: spec.object, method: spec.method, arguments: {} };
        spec.params.forEach((name, at) => { call.arguments[name] = values[at]; });
        state.calls.push(call);
        return Promise.resolve(answers[spec.method]);
      },
    },
    dom: { content: (node, data) => { node.children = []; node.append(data); } },
    poll: { add: (work, seconds) => state.polls.push({ work, seconds }) },
    ui: {
      addNotification: (title, node) => state.notifications.push(node),
      createHandlerFn: (self, work) => () => (typeof work === 'string' ? self[work] : work).call(self),
    },
    form: {
      Flag: 'Flag', ListValue: 'ListValue', DynamicList: 'DynamicList', Value: 'Value',
      GridSection: 'GridSection', TypedSection: 'TypedSection',
      Map: class {
        constructor(package_) { state.package = package_; }
        section(kind, type) {
          state.sections.push(new Section(kind, type));
          return state.sections.at(-1);
        }
        render() { return Promise.resolve(E('div', {}, [])); }
      },
    },
  };
  state.load = name => {
    if (modules[name]) return modules[name];
    const source = sourceOf(name.replaceAll('.', '/'));
    const needs = [...source.matchAll(/^'require ([\w.]+)(?: as (\w+))?';$/gm)];
    const names = needs.map(([, from, as]) => as || from.split('.').at(-1));
    const context = vm.createContext({ E, Node, _: text => text });
    vm.runInContext(kFormat, context);
    const page = vm.compileFunction(source, names, { parsingContext: context, filename: name });
    modules[name] = page(...needs.map(([, from]) => state.load(from)));
    return modules[name];
  };
  return state;
}

const evil = '<img src=x onerror=alert(1)>&"\'';
const house = {
  status: {
    version: '0.1.0', uptime: 93784, wan: { interface: 'eth1', address: '11.0.0.1', reach: 'public' },
    lan: [ { interface: 'br-lan', address: '192.168.1.1' } ], nat: { type: 'restricted-cone' },
    counts: { hosts: 1, mappings: 150, forwards: 2 }, kernel: { queue_expression: 'yes' },
    safeguards: { user: 'gatehouse' },
  },
  notes: { enabled: true, rows: [] },
  hosts: { rows: [ { address: '192.168.1.20', mac: evil, name: evil, nat: 'full-cone', mappings: 1, sessions: 2 } ] },
  calls: { rows: [ { call_id: evil, from: evil, to: evil, state: 'established', media: [ { inside: evil, peer: evil } ] } ] },
  leases: { rows: [ { address: '192.168.1.20', mac: evil, name: evil, state: 'bound', expires_in: 43200 } ] },
  mappings: {
    rows: Array.from({ length: 150 }, (_, at) => ({
      proto: 'udp', inside: '192.168.1.20:' + at, outside: '11.0.0.1:' + at, origin: 'dynamic', sessions: 1,
    })),
  },
  forwards: {
    rows: [
      { id: 7, proto: 'tcp', outside: '11.0.0.1:80', inside: '192.168.1.10:80', remote: null, origin: 'igd', owner: evil, description: evil, expires_in: 3600 },
      { id: 8, proto: 'tcp', outside: '11.0.0.1:81', inside: '192.168.1.10:81', remote: null, origin: 'static', owner: 'configuration', description: null, expires_in: null },
    ],
  },
  pinholes: {
    rows: [
      { id: null, proto: 'tcp', inside: null, port: '443', mac: '00:11:22:33:44:55', remote: null, origin: 'static', owner: 'configuration', description: evil, expires_in: null },
      { id: 3, proto: 'udp', inside: '2001:db8::20', port: '5000', mac: evil, remote: evil, origin: 'pcp', owner: evil, description: evil, expires_in: 7200 },
    ],
  },
  add_forward: { rows: [] },
  delete_forward: {},
};
const with_ = changes => ({ ...house, ...changes });

async function draw(name, answers) {
  const state = luci(answers);
  const page = state.load(name);
  state.page = page;
  state.drawn = await page.render(page.load ? await page.load() : undefined);
  return state;
}

function hasNoHtml(element) {
  for (const one of element.all()) assert.strictEqual(one.html, '', 'HTML in ' + one.tag);
}

// --- tests ---------------------------------------------------------------------------------------

test('every page is strict, uses what it requires and writes no HTML', () => {
  for (const name of pages) {
    const source = sourceOf(name);
    assert.match(source, /^'use strict';$/m);
    assert.doesNotMatch(source, /innerHTML|eval\(|document\.write/, name);
    for (const [, from, as] of source.matchAll(/^'require ([\w.]+)(?: as (\w+))?';$/gm)) {
      const word = as || from.split('.').at(-1);
      assert.ok(source.split(new RegExp('\\b' + word + '\\.')).length > 1, name + ' does not use ' + word);
    }
  }
});

test('what a device says of itself is shown as text', async() => {
  for (const name of [ 'view/gatehouse/overview', 'view/gatehouse/forwards', 'view/status/include/60_gatehouse' ]) {
    const { drawn } = await draw(name, house);
    hasNoHtml(drawn);
    if (!name.includes('status')) assert.ok(drawn.text().includes(evil), name);
  }
});

test('the overview shows the house and stays live', async() => {
  const state = await draw('view/gatehouse/overview', house);
  for (const word of [ '11.0.0.1', 'Open: anybody', '12 h 0 min', '1 d 2 h', 'and 50 more', 'queue_expression' ])
    assert.ok(state.drawn.text().includes(word), word);
  assert.strictEqual(state.polls[0].seconds, 5);
  house.status.wan.address = '11.0.0.9';
  await state.polls[0].work();
  assert.ok(state.drawn.text().includes('11.0.0.9'));
  house.status.wan.address = '11.0.0.1';
});

test('what is wrong comes first', async() => {
  for (const name of [ 'view/gatehouse/overview', 'view/gatehouse/forwards', 'view/status/include/60_gatehouse' ]) {
    const off = await draw(name, with_({ notes: { enabled: false, rows: [] }, status: { error: 'not running' } }));
    assert.match(off.drawn.text(), /not enabled/);
    const dead = await draw(name, with_({ status: { error: evil } }));
    assert.ok(dead.drawn.text().includes(evil));
    hasNoHtml(dead.drawn);
    const noted = await draw(name, with_({ notes: { enabled: true, rows: [ 'auto_includes is 0' ] } }));
    assert.match(noted.drawn.text(), /auto_includes is 0/);
    await draw(name, {});  // rpcd without the object
  }
});

test('a forward can be deleted by whoever did not write it into the configuration', async() => {
  const state = await draw('view/gatehouse/forwards', house);
  const buttons = state.drawn.all().filter(e => e.tag === 'button' && e.text() === 'Delete');
  assert.strictEqual(buttons.length, 1);
  await buttons[0].attributes.click();
  assert.deepStrictEqual(state.calls.find(c => c.method === 'delete_forward').arguments, { id: '7' });
});

test('what is open over IPv6 is shown where something is', async() => {
  const { drawn } = await draw('view/gatehouse/forwards', house);
  for (const word of [ 'IPv6 pinholes', '443', '00:11:22:33:44:55', '2001:db8::20', '2 h 0 min' ])
    assert.ok(drawn.text().includes(word), word);
  const none = await draw('view/gatehouse/forwards', with_({ pinholes: { rows: [] } }));
  assert.ok(!none.drawn.text().includes('IPv6'));
});

test('a forward can be opened, and a refusal is told', async() => {
  const state = await draw('view/gatehouse/forwards', with_({ add_forward: { error: evil } }));
  const values = { proto: 'udp', outside: '5060', inside: ' 192.168.1.20:5060 ', remote: '', name: 'phone' };
  for (const [ name, value ] of Object.entries(values)) state.page.fields[name].value = value;
  await state.drawn.all().find(e => e.tag === 'button' && e.text() === 'Open').attributes.click();
  assert.deepStrictEqual(state.calls.find(c => c.method === 'add_forward').arguments, {
    proto: 'udp', outside: '5060', inside: '192.168.1.20:5060', remote: '', name: 'phone', lifetime: 0,
  });
  assert.strictEqual(state.notifications[0].text(), evil);
  hasNoHtml(state.notifications[0]);
});

// Sections and options of the sample, with the sentence in front of each.
function sample() {
  const found = {};
  let options, words = [];
  for (const line of read(path.join(top, 'openwrt/files/gatehouse.config')).split('\n')) {
    const section = line.match(/^#?config (\w+)/);
    const option = line.match(/^#?\t(option|list) (\w+) '(.*)'$/);
    const comment = line.match(/^(?:#\t# ?|\t# ?|# ?)(.*)$/);
    if (section) {
      options = found[section[1]] = {};
    } else if (option) {
      const [ sentence, choice ] = words.join(' ').split(/ One of (?=[\w, -]+$)/);
      options[option[2]] = { list: option[1] === 'list', sentence, choice: choice && choice.split(', ') };
    }
    words = comment && !section && !option ? [ ...words, comment[1].trim() ].filter(Boolean) : [];
  }
  return found;
}

test('the settings have every option, with its words', async() => {
  const state = await draw('view/gatehouse/settings', house);
  const wanted = sample();
  assert.strictEqual(state.package, 'gatehouse');
  assert.deepStrictEqual(state.sections.map(s => s.type), Object.keys(wanted));
  for (const section of state.sections) {
    const options = wanted[section.type];
    assert.deepStrictEqual(section.options.map(o => o.name), Object.keys(options), section.type);
    for (const option of section.options) {
      const { list, sentence, choice } = options[option.name];
      assert.strictEqual(option.sentence, sentence, section.type + '.' + option.name);
      if (list) assert.strictEqual(option.kind, 'DynamicList');
      if (choice) assert.deepStrictEqual(option.words.filter(Boolean), choice);
    }
  }
});

test('every method that is used, and no other, is allowed, and changing ones only for writing', () => {
  const { read: reading, write: writing } = acl['luci-app-gatehouse'];
  const plugin = read(path.join(top, 'openwrt/files/gatehouse.rpcd'));
  const lists = plugin.match(/^LISTS="(.*)"$/m)[1].split(' ');
  const changing = [ 'add_forward', 'delete_forward', 'reload' ];
  assert.deepStrictEqual(reading.ubus.gatehouse, [ 'status', ...lists, 'notes' ]);
  assert.deepStrictEqual(writing.ubus.gatehouse, changing);
  for (const [, name] of sourceOf('gatehouse/common').matchAll(/: method\('(\w+)'/g))
    assert.ok([ ...reading.ubus.gatehouse, ...changing ].includes(name), name);
});

test('the menu leads to pages that are there, for those who may see them', () => {
  const menu = JSON.parse(read(path.join(app, 'root/usr/share/luci/menu.d/luci-app-gatehouse.json')));
  assert.deepStrictEqual(menu['admin/services/gatehouse'].depends.acl, Object.keys(acl));
  for (const entry of Object.values(menu))
    if (entry.action.type === 'view') assert.ok(fs.existsSync(path.join(resources, 'view', entry.action.path + '.js')));
});

// The template of translations, as LuCI's own tool would write it.
function template() {
  const unquote = text => vm.runInNewContext(text);
  const texts = new Map();
  const note = (text, where) => texts.set(text, [ ...texts.get(text) || [], where ]);
  for (const name of pages)
    sourceOf(name).split('\n').forEach((line, at) => {
      for (const [, text] of line.matchAll(/\b_\(('(?:[^'\\]|\\.)*')\)/g))
        note(unquote(text), 'htdocs/luci-static/resources/' + name + '.js:' + (at + 1));
    });
  for (const file of [ 'luci/menu.d', 'rpcd/acl.d' ])
    read(path.join(app, 'root/usr/share', file, 'luci-app-gatehouse.json')).split('\n').forEach((line, at) => {
      const found = line.match(/"(?:title|description)": "(.*)"/);
      if (found) note(found[1], 'root/usr/share/' + file + '/luci-app-gatehouse.json:' + (at + 1));
    });
  const entries = [...texts].sort(([a], [b]) => a < b ? -1 : 1).map(([ text, where ]) =>
    where.map(one => '#: ' + one + '\n').join('') + 'msgid ' + JSON.stringify(text) + '\nmsgstr ""\n');
  return 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n\n' + entries.join('\n');
}

const pot = path.join(app, 'po/templates/gatehouse.pot');
if (process.argv.includes('--write-template')) fs.writeFileSync(pot, template());

test('the template has every text of the pages (node luci_test.js --write-template)', () => {
  assert.strictEqual(read(pot), template());
});
