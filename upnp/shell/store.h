// SPDX-License-Identifier: GPL-2.0-or-later
//
// The files of the gateway device in the state folder: who it is, for ever, and the journal of the
// forwards.
#pragma once

#include <string>

#include "gateway/base/hash.h"
#include "gateway/base/result.h"
#include "gateway/loop/file_writer.h"

namespace gatehouse::upnp {

class Store {
  public:
    static constexpr std::size_t kLongestJournal = std::size_t{16} << 20U;

    // folder: is there. The writer must live as long; what becomes of the journal is told.
    Store(loop::FileWriter& writer, std::string folder, loop::WrittenFile::Told told);

    struct Identity {
        HashKey key;
        std::uint32_t starts = 1;  // this one included
        Status kept;
    };
    // Counts this start; what was not there yet is made with the fresh key.
    Identity begin(const HashKey& fresh);
    std::string read_journal() const;

    loop::WrittenFile& journal() { return journal_; }

  private:
    std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }

    std::string folder_;
    loop::WrittenFile journal_;
};

}  // namespace gatehouse::upnp
