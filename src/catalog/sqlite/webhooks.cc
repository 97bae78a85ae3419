// Endpoints and what is told to them, on SQLite.
#include "catalog/sql/webhooks.h"

#include "catalog/sqlite/database.h"
#include "catalog/sqlite/faces.h"

namespace safelight::sqlite {

std::unique_ptr<Webhooks> make_webhooks(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlWebhooks<Database>>(Database{writer, readers});
}

std::unique_ptr<DeliveryOutbox> make_delivery_outbox(GroupWriter& writer, ReaderPool& readers) {
    return std::make_unique<SqlDeliveryOutbox<Database>>(Database{writer, readers});
}

}  // namespace safelight::sqlite
