// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the pages of Gatehouse have in common: the ubus object (an answer has `rows`, or `error`), and
// tables. What devices say of themselves gets into a page as text alone: LuCI takes a bare string for
// HTML and an array for text, so every cell is an array.
'use strict';
'require baseclass';
'require rpc';

function method(name, params) {
	return rpc.declare({
		object: 'gatehouse',
		method: name,
		params: params || []
	});
}

const natTypes = {
	'full-cone': _('Open: anybody can reach a port that it uses'),
	'restricted-cone': _('Moderate: whoever it has talked to can reach it'),
	'port-restricted-cone': _('Moderate: only answers come in'),
	'symmetric': _('Strict: everybody sees another port')
};

const origins = {
	'static': _('Configuration or command'),
	'igd': _('UPnP'),
	'natpmp': _('NAT-PMP'),
	'pcp': _('PCP'),
	'sip': _('SIP'),
	'dynamic': _('Traffic')
};

return baseclass.extend({
	status: method('status'),
	mappings: method('mappings'),
	forwards: method('forwards'),
	pinholes: method('pinholes'),
	leases: method('leases'),
	hosts: method('hosts'),
	calls: method('calls'),
	notes: method('notes'),
	addForward: method('add_forward', [ 'proto', 'outside', 'inside', 'remote', 'name', 'lifetime' ]),
	deleteForward: method('delete_forward', [ 'id' ]),

	rowsOf: function(answer) {
		return (answer && Array.isArray(answer.rows)) ? answer.rows : [];
	},

	// Why there is no answer, or nothing.
	errorOf: function(answer) {
		if (!answer)
			return _('The service does not answer.');
		return answer.error ? String(answer.error) : null;
	},

	text: function(value) {
		return (value === null || value === undefined) ? '' : String(value);
	},

	seconds: function(value) {
		if (value === null || value === undefined)
			return _('never');
		const s = Math.max(0, Math.round(value));
		if (s < 60)
			return s + ' s';
		if (s < 3600)
			return Math.floor(s / 60) + ' min';
		if (s < 86400)
			return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
		return Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h';
	},

	natType: function(name) {
		return natTypes[name] || this.text(name);
	},

	origin: function(name) {
		return origins[name] || this.text(name);
	},

	// A table; a cell is a text or a node.
	table: function(titles, rows, nothing) {
		const cell = (tag, value, title) => E(tag, {
			'class': tag === 'th' ? 'th' : 'td',
			'data-title': title
		}, [ value instanceof Node ? value : this.text(value) ]);
		const lines = rows.map(row => E('tr', { 'class': 'tr' },
			row.map((value, at) => cell('td', value, titles[at]))));
		if (lines.length === 0)
			lines.push(E('tr', { 'class': 'tr placeholder' }, [ E('td', { 'class': 'td' }, [ nothing ]) ]));
		return E('table', { 'class': 'table' }, [
			E('tr', { 'class': 'tr table-titles' }, titles.map(title => cell('th', title, title)))
		].concat(lines));
	},

	section: function(title, nodes) {
		return E('div', { 'class': 'cbi-section' }, [ E('h3', {}, [ title ]) ].concat(nodes));
	},

	// What keeps it from its work, for the user to see first.
	warnings: function(notes, status) {
		const lines = this.rowsOf(notes).slice();
		const error = this.errorOf(status);
		if (notes && notes.enabled === false)
			lines.unshift(_('Gatehouse is not enabled. Enable it on the page Settings.'));
		else if (error)
			lines.unshift(error);
		return lines.map(line => E('div', { 'class': 'alert-message warning' }, [ this.text(line) ]));
	}
});
