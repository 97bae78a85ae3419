// Endpoints and what is told to them, on PostgreSQL.
#include "catalog/sql/webhooks.h"

#include "catalog/postgres/database.h"
#include "catalog/postgres/faces.h"

namespace safelight::postgres {

std::unique_ptr<Webhooks> make_webhooks(Pool& pool) {
    return std::make_unique<SqlWebhooks<Database>>(Database{pool});
}

std::unique_ptr<DeliveryOutbox> make_delivery_outbox(Pool& pool) {
    return std::make_unique<SqlDeliveryOutbox<Database>>(Database{pool});
}

}  // namespace safelight::postgres
