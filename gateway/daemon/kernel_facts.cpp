// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/text.h"
#include "gateway/daemon/daemon.h"
#include "gateway/kernel/child.h"
#include "gateway/kernel/probe.h"

namespace gatehouse::daemon {

namespace {

// One fact a line, name and value with a tabulator between them.
std::string probe_and_tell() {
    const auto abilities = kernel::probe_kernel();
    if (!abilities) return concat("unknown\t", abilities.error().text, "\n");
    std::string out;
    for (const auto& [name, value] : abilities->rows())
        append(out, name, "\t", value, "\n");
    return out;
}

}  // namespace

control::StatusView::Facts kernel_facts() {
    const auto told = kernel::in_child(probe_and_tell);
    if (!told) return {{"unknown", told.error().text}};
    control::StatusView::Facts out;
    for (const std::string_view line : split(*told, '\n')) {
        const std::size_t tab = line.find('\t');
        if (tab == std::string_view::npos) continue;
        out.emplace_back(line.substr(0, tab), line.substr(tab + 1));
    }
    return out;
}

}  // namespace gatehouse::daemon
