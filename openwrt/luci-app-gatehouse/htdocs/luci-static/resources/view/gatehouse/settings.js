// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require form';
'require gatehouse.options as options';

const kinds = {
	flag: form.Flag,
	choice: form.ListValue,
	list: form.DynamicList,
	value: form.Value
};

function addOption(section, spec, position) {
	const o = section.option(kinds[spec.kind], spec.name, spec.title, spec.sentence);
	if (spec.fallback !== undefined)
		o.default = spec.fallback;
	if (spec.kind === 'choice') {
		if (spec.fallback === undefined)
			o.value('', _('as above'));
		spec.words.forEach(word => o.value(word));
	}
	if (spec.datatype)
		o.datatype = spec.datatype;
	if (spec.example !== undefined)
		o.placeholder = spec.example;
	o.optional = !spec.required;
	// A switch is always written: what is shown is what stands in the file.
	o.rmempty = spec.kind !== 'flag' && !spec.required;
	// A row of a grid shows the first three; all are in its dialog.
	o.modalonly = position === undefined ? undefined : position >= 3;
	return o;
}

return view.extend({
	render: function() {
		const m = new form.Map('gatehouse', _('Gatehouse'),
			_('Pools and static leases of the house are kept where they have always been: Network, Interfaces and DHCP. What stands here goes before them.'));
		options.sections.forEach(spec => {
			if (spec.many) {
				const s = m.section(form.GridSection, spec.type, spec.title, spec.sentence);
				s.addremove = true;
				s.anonymous = true;
				s.sortable = true;
				s.nodescriptions = true;
				spec.options.forEach((one, position) => addOption(s, one, position));
			} else {
				const s = m.section(form.TypedSection, spec.type, spec.title, spec.sentence);
				s.addremove = !spec.always;
				s.anonymous = true;
				spec.options.forEach(one => addOption(s, one));
			}
		});
		return m.render();
	}
});
