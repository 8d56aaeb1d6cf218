// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/effects.h"

#include <algorithm>

namespace gatehouse::nat {

std::string_view to_string(Notice::Kind kind) {
    switch (kind) {
        case Notice::Kind::mapping_added: return "mapping added";
        case Notice::Kind::mapping_ended: return "mapping ended";
        case Notice::Kind::forward_added: return "forward added";
        case Notice::Kind::forward_changed: return "forward changed";
        case Notice::Kind::forward_expired: return "forward expired";
        case Notice::Kind::forward_released: return "forward released";
        case Notice::Kind::forward_failed:
            return "forward not taken by the kernel, which is asked again";
        case Notice::Kind::pinhole_added: return "pinhole added";
        case Notice::Kind::pinhole_ended: return "pinhole ended";
        case Notice::Kind::outside_changed: return "outside changed";
        case Notice::Kind::refused: return "refused";
    }
    return "unknown";
}

std::string_view to_string(KernelSet set) {
    switch (set) {
        case KernelSet::source: return "source";
        case KernelSet::source_address: return "source_address";
        case KernelSet::source_session: return "source_session";
        case KernelSet::inbound: return "inbound";
        case KernelSet::inbound_remote: return "inbound_remote";
        case KernelSet::hairpin: return "hairpin";
        case KernelSet::open: return "open";
        case KernelSet::open_remote: return "open_remote";
        case KernelSet::permit: return "permit";
    }
    return "";
}

bool Effects::empty() const {
    return edits.empty() && verdicts.empty() && pinholes.empty() && delete_sessions_to.empty() &&
           delete_sessions.empty() && refuse_hosts.empty() && dump_sessions == SessionDump::none &&
           !dump_elements && notices.empty();
}

void Effects::clear() {
    edits.clear();
    batches.clear();
    verdicts.clear();
    pinholes.clear();
    delete_sessions_to.clear();
    delete_sessions.clear();
    refuse_hosts.clear();
    dump_sessions = SessionDump::none;
    dump_elements = false;
    notices.clear();
}

void Effects::take(Effects& other) {
    const auto append = [](auto& to, const auto& from) {
        to.insert(to.end(), from.begin(), from.end());
    };
    const auto shift = static_cast<std::uint32_t>(edits.size());
    for (Batch& batch : other.batches)
        batch.first += shift;
    append(edits, other.edits);
    append(batches, other.batches);
    append(verdicts, other.verdicts);
    append(pinholes, other.pinholes);
    append(delete_sessions_to, other.delete_sessions_to);
    append(delete_sessions, other.delete_sessions);
    append(refuse_hosts, other.refuse_hosts);
    append(notices, other.notices);
    dump_sessions = std::max(dump_sessions, other.dump_sessions);
    dump_elements = dump_elements || other.dump_elements;
    other.clear();
}

void EditWriter::close() {
    const std::size_t size = out_->edits.size();
    if (size == first_) return;
    out_->batches.push_back(
        {next_, static_cast<std::uint32_t>(first_), static_cast<std::uint32_t>(size - first_)});
    first_ = size;
    last_ = next_++;
}

BatchId EditWriter::end() {
    close();
    const BatchId last = last_;
    last_ = 0;
    return last;
}

bool EditWriter::cancel(Edit::Kind kind, const Element& element) {
    constexpr std::size_t kLatest = 64;
    std::vector<Edit>& edits = out_->edits;
    const std::size_t from = std::max(first_, edits.size() - std::min(edits.size(), kLatest));
    for (std::size_t i = edits.size(); i > from; --i) {
        if (!edits[i - 1].element.same_key(element)) continue;
        if (edits[i - 1].kind != kind || edits[i - 1].element != element) return false;
        edits.erase(edits.begin() + static_cast<std::ptrdiff_t>(i - 1));
        return true;
    }
    return false;
}

void EditWriter::write(const Edit& edit) {
    if (out_->edits.size() - first_ >= kMostEdits) close();
    out_->edits.push_back(edit);
}

void EditWriter::add(const Element& element) {
    if (muted_ || cancel(Edit::Kind::remove, element)) return;
    write({Edit::Kind::add, element, {}});
}

void EditWriter::remove(const Element& element) {
    if (muted_ || cancel(Edit::Kind::add, element)) return;
    write({Edit::Kind::remove, element, {}});
}

void EditWriter::refresh(const Element& element, Duration timeout) {
    if (!muted_) write({Edit::Kind::refresh, element, timeout});
}

}  // namespace gatehouse::nat
