-- What an alert is part of, as the header `traceparent` has it; its deliveries carry it on.
ALTER TABLE alerts ADD COLUMN traceparent TEXT;
