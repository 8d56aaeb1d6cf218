// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require poll';
'require ui';
'require gatehouse.common as gatehouse';

return view.extend({
	load: function() {
		return Promise.all([ gatehouse.forwards(), gatehouse.status(), gatehouse.notes(), gatehouse.pinholes() ]);
	},

	refresh: function() {
		return this.load().then(fresh => dom.content(this.place, this.body(fresh)));
	},

	tell: function(answer) {
		const error = gatehouse.errorOf(answer);
		if (error)
			ui.addNotification(null, E('p', {}, [ error ]), 'error');
		return this.refresh();
	},

	// A forward of the configuration is deleted where it stands.
	removal: function(row) {
		if (row.origin === 'static' && row.owner === 'configuration')
			return E('em', {}, [ _('on the page Settings') ]);
		return E('button', {
			'class': 'btn cbi-button-remove',
			'click': ui.createHandlerFn(this, () => gatehouse.deleteForward(String(row.id)).then(a => this.tell(a)))
		}, [ _('Delete') ]);
	},

	body: function(data) {
		const [ forwards, status, notes, pinholes ] = data;
		return gatehouse.warnings(notes, status).concat([ gatehouse.table(
			[ _('Protocol'), _('Outside'), _('Inside'), _('Only from'), _('Opened by'), _('Owner'),
				_('Description'), _('Expires in'), '' ],
			gatehouse.rowsOf(forwards).map(row => [
				row.proto, row.outside, row.inside, row.remote, gatehouse.origin(row.origin), row.owner,
				row.description, gatehouse.seconds(row.expires_in), this.removal(row)
			]), _('No port is open.')) ], this.overIpv6(gatehouse.rowsOf(pinholes)));
	},

	overIpv6: function(rows) {
		return rows.length ? [ gatehouse.section(_('IPv6 pinholes'), [ gatehouse.table(
			[ _('Protocol'), _('Inside'), _('Port'), _('Only from'), _('Opened by'), _('Owner'), _('Description'),
				_('Expires in') ],
			rows.map(row => [
				row.proto, row.inside || row.mac, row.port, row.remote, gatehouse.origin(row.origin), row.owner,
				row.description, gatehouse.seconds(row.expires_in)
			]), '') ]) ] : [];
	},

	field: function(name, title, example) {
		this.fields[name] = E('input', { 'type': 'text', 'class': 'cbi-input-text', 'placeholder': example });
		return E('div', { 'class': 'cbi-value' }, [
			E('label', { 'class': 'cbi-value-title' }, [ title ]),
			E('div', { 'class': 'cbi-value-field' }, [ this.fields[name] ])
		]);
	},

	add: function() {
		const value = name => this.fields[name].value.trim();
		return gatehouse.addForward(value('proto') || 'both', value('outside'), value('inside'),
			value('remote'), value('name'), 0).then(answer => this.tell(answer));
	},

	render: function(data) {
		this.fields = {};
		this.place = E('div', {}, this.body(data));
		poll.add(() => this.refresh(), 5);
		return E('div', {}, [
			E('h2', {}, [ _('Forwards') ]),
			E('p', {}, [ _('Ports of the outside address that lead to a device, and who has opened them. What is opened here stays until it is deleted; forwards of the configuration are on the page Settings.') ]),
			this.place,
			gatehouse.section(_('Open a port'), [
				this.field('proto', _('Protocol'), 'tcp, udp, both'),
				this.field('outside', _('Outside port'), '8080'),
				this.field('inside', _('Device and port'), '192.168.1.10:80'),
				this.field('remote', _('Only from'), '198.51.100.7'),
				this.field('name', _('Description'), ''),
				E('button', { 'class': 'btn cbi-button-add', 'click': ui.createHandlerFn(this, 'add') }, [ _('Open') ])
			])
		]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
