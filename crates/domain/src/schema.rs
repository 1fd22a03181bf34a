//! How the types that are written as plain text or lists appear in OpenAPI documents.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::detection::Detection;
use crate::geometry::{BBox, Point, Polygon, Size};
use crate::id::{AlertId, CameraId, TrackId};

fn plain(of: Type) -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(of).build())
}

fn list(of: Type, length: usize) -> RefOr<Schema> {
    let list = ArrayBuilder::new().items(RefOr::T(plain(of))).min_items(Some(length)).max_items(Some(length));
    RefOr::T(Schema::Array(list.build()))
}

macro_rules! schema {
    ($($name:ty => $schema:expr;)*) => {
        $(
            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    $schema
                }
            }

            impl ToSchema for $name {}
        )*
    };
}

schema! {
    Point => list(Type::Number, 2);
    Size => list(Type::Integer, 2);
    BBox => list(Type::Number, 4);
    Polygon => RefOr::T(Schema::Array(ArrayBuilder::new().items(Point::schema()).min_items(Some(3)).build()));
    CameraId => RefOr::T(plain(Type::String));
    AlertId => RefOr::T(plain(Type::String));
    TrackId => RefOr::T(plain(Type::Integer));
    Detection => RefOr::T(Schema::Object(
        ObjectBuilder::new()
            .property("class_id", plain(Type::Integer))
            .required("class_id")
            .property("class_name", plain(Type::String))
            .required("class_name")
            .property("confidence", plain(Type::Number))
            .required("confidence")
            .property("bbox", BBox::schema())
            .required("bbox")
            .property("center", Point::schema())
            .property("is_unknown", plain(Type::Boolean))
            .build(),
    ));
}
