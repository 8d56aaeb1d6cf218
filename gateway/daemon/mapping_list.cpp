// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/mapping_list.h"

#include <algorithm>

namespace gatehouse::daemon {

namespace {

constexpr std::size_t kRows = 64;  // of a piece

std::uint64_t packed(const Endpoint4& endpoint, Proto proto) {
    return (std::uint64_t{endpoint.address.value} << 24U) |
           (static_cast<std::uint64_t>(proto) << 16U) | endpoint.port.number;
}

}  // namespace

MappingList::MappingList(const nat::Engine& engine, std::unique_ptr<Census> census,
                         control::Page page, Instant now)
    : engine_(engine), census_(std::move(census)), page_(page), now_(now) {}

MappingList::Place MappingList::place_of(nat::MappingId id, const nat::MappingView& mapping) {
    return {packed(mapping.inside, mapping.proto), packed(mapping.remote, {}),
            packed(mapping.outside, {}), id};
}

void MappingList::gather() {
    std::vector<Place> fresh;
    from_ = engine_.visit_some_mappings(
        now_, from_, [&fresh](nat::MappingId id, const nat::MappingView& mapping) {
            if (is_listed(mapping)) fresh.push_back(place_of(id, mapping));
        });
    std::sort(fresh.begin(), fresh.end());
    // From the end on each one moves once, and no second list is needed.
    std::size_t old = places_.size();
    places_.resize(old + fresh.size());
    for (std::size_t to = places_.size(); !fresh.empty();) {
        const bool from_old = old > 0 && fresh.back() < places_[old - 1];
        places_[--to] = from_old ? places_[--old] : fresh.back();
        if (!from_old) fresh.pop_back();
    }
    if (from_ != nat::kNoMapping) return;
    const auto [first, last] = page_.of(places_.size());
    next_ = first;
    places_.resize(last);
}

void MappingList::write_row(const Place& place, std::string& out) {
    const auto mapping = engine_.find_mapping(place.id, now_);
    if (!mapping || !is_listed(*mapping) || place_of(place.id, *mapping) != place) return;
    control::MappingRow row = mapping_row(*mapping, now_);
    if (census_) census_->correct(row);
    if (wrote_) out += ',';
    wrote_ = true;
    JsonWriter json(out);
    write_json(json, row);
}

control::Stream::Next MappingList::next(std::string& out) {
    if (ended_) return Next::end;
    if (from_ != nat::kNoMapping) {
        gather();
        if (from_ != nat::kNoMapping) return Next::again;
    }
    const std::size_t before = out.size();
    if (!std::exchange(begun_, true)) out += '[';
    const std::size_t end = std::min(places_.size(), next_ + kRows);
    for (; next_ < end; ++next_)
        write_row(places_[next_], out);
    ended_ = next_ == places_.size();
    if (ended_) out += ']';
    return out.size() == before ? Next::again : Next::piece;
}

}  // namespace gatehouse::daemon
