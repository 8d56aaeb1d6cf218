// SPDX-License-Identifier: GPL-2.0-or-later
//
// The first process of a host. It owns the namespaces by being in them, adopts orphans, and ends
// with the test: by the parent-death signal, by the end of a pipe, or when it is told to.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/lab/support/fd.h"

namespace gatehouse::lab {

class HostHolder {
  public:
    // Makes the namespaces. Throws a LabError that names the step which failed.
    explicit HostHolder(const std::string& host_name);
    ~HostHolder();
    HostHolder(const HostHolder&) = delete;
    HostHolder& operator=(const HostHolder&) = delete;

    int net() const { return net_.number(); }
    int mount() const { return mount_.number(); }
    int uts() const { return uts_.number(); }
    int pid() const { return pid_.number(); }

  private:
    void open_namespaces();

    pid_t child_ = -1;
    Fd life_;  // its end of file ends the holder
    Fd net_, mount_, uts_, pid_;
};

}  // namespace gatehouse::lab
