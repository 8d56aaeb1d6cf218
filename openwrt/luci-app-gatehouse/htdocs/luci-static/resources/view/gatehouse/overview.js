// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require poll';
'require gatehouse.common as gatehouse';

function facts(object) {
	return Object.keys(object || {}).sort().map(name => [ name, object[name] ]);
}

return view.extend({
	load: function() {
		return Promise.all([
			gatehouse.status(), gatehouse.notes(), gatehouse.hosts(), gatehouse.calls(),
			gatehouse.leases(), gatehouse.mappings()
		]);
	},

	body: function(data) {
		const [ status, notes, hosts, calls, leases, mappings ] = data;
		const out = gatehouse.warnings(notes, status);
		if (gatehouse.errorOf(status))
			return out;
		const wan = status.wan || {}, nat = status.nat || {}, counts = status.counts || {};
		out.push(gatehouse.section(_('Router'), [ gatehouse.table([ _('What'), _('Now') ], [
			[ _('Outside address'), wan.address || _('none') ],
			[ _('It can be reached from'), wan.reach ],
			[ _('Outside interface'), wan.interface ],
			[ _('Inside'), (status.lan || []).map(lan => lan.interface + ' ' + gatehouse.text(lan.address)).join(', ') ],
			[ _('NAT type'), gatehouse.text(nat.type) + ' – ' + gatehouse.natType(nat.type) ],
			[ _('Running since'), gatehouse.seconds(status.uptime) ],
			[ _('Version'), status.version ]
		].concat(facts(counts)), '') ]));
		out.push(gatehouse.section(_('Devices'), [ gatehouse.table(
			[ _('Name'), _('Address'), _('MAC'), _('NAT type'), _('Mappings'), _('Sessions') ],
			gatehouse.rowsOf(hosts).map(row => [
				row.name, row.address, row.mac, gatehouse.natType(row.nat), row.mappings, row.sessions
			]), _('No device has been seen yet.')) ]));
		out.push(gatehouse.section(_('Calls'), [ gatehouse.table(
			[ _('From'), _('To'), _('State'), _('Media') ],
			gatehouse.rowsOf(calls).map(row => [
				row.from, row.to, row.state,
				(row.media || []).map(one => gatehouse.text(one.inside) + ' – ' + gatehouse.text(one.peer)).join(', ')
			]), _('No phone is in a call.')) ]));
		out.push(gatehouse.section(_('Leases'), [ gatehouse.table(
			[ _('Name'), _('Address'), _('MAC'), _('State'), _('Expires in') ],
			gatehouse.rowsOf(leases).map(row => [
				row.name, row.address, row.mac, row.state, gatehouse.seconds(row.expires_in)
			]), _('No address has been given out.')) ]));
		const rows = gatehouse.rowsOf(mappings);
		out.push(gatehouse.section(_('Mappings'), [ gatehouse.table(
			[ _('Protocol'), _('Inside'), _('Outside'), _('Origin'), _('Sessions') ],
			rows.slice(0, 100).map(row => [
				row.proto, row.inside, row.outside, gatehouse.origin(row.origin), row.sessions
			]), _('There is no mapping.')) ].concat(rows.length > 100
			? [ E('p', {}, [ _('and %d more').format(rows.length - 100) ]) ] : [])));
		out.push(gatehouse.section(_('Kernel and safeguards'), [ gatehouse.table([ _('What'), _('Now') ],
			facts(status.kernel).concat(facts(status.safeguards)), '') ]));
		return out;
	},

	render: function(data) {
		const place = E('div', {}, this.body(data));
		poll.add(() => this.load().then(fresh => dom.content(place, this.body(fresh))), 5);
		return E('div', {}, [ E('h2', {}, [ _('Gatehouse') ]), place ]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
