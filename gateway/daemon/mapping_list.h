// SPDX-License-Identifier: GPL-2.0-or-later
//
// The array of /api/v1/mappings as a stream: the table is gathered and sorted a slice each turn and
// written some rows each turn, so that a full table stops nobody. In memory are the places of the
// rows only; a mapping that ends before it is written is left out.
#pragma once

#include <compare>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/control/paging.h"
#include "gateway/daemon/nat_rows.h"

namespace gatehouse::daemon {

class MappingList final : public control::Stream {
  public:
    // The engine must live as long. census: corrects the rows, where there is one.
    MappingList(const nat::Engine& engine, std::unique_ptr<Census> census, control::Page page,
                Instant now);

    Next next(std::string& out) override;

  private:
    // In the order of the list: by host, then by protocol and port.
    struct Place {
        std::uint64_t inside = 0;
        std::uint64_t remote = 0;
        std::uint64_t outside = 0;
        nat::MappingId id = nat::kNoMapping;

        friend auto operator<=>(const Place&, const Place&) = default;
    };
    static Place place_of(nat::MappingId id, const nat::MappingView& mapping);

    void gather();
    void write_row(const Place& place, std::string& out);

    const nat::Engine& engine_;
    std::unique_ptr<Census> census_;
    control::Page page_;
    Instant now_;
    nat::MappingId from_ = 0;  // where the gathering goes on
    std::vector<Place> places_;
    std::size_t next_ = 0;
    bool begun_ = false;
    bool wrote_ = false;  // a row
    bool ended_ = false;
};

}  // namespace gatehouse::daemon
