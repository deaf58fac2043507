# Variables of the service "orders"
region        = "eu-central-1" # the main one
instance_count = 3
enabled        = true
nothing        = null

/* database
   and queue */
database = {
  host     = "db.example.com"
  password = "s3cr3t-db-alpha"   // rotated
  ports    = [5432, 5433,]
  "with blank" : "s3cr3t \"two\" $${literal} ${template}"
  // password = "s3cr3t-old"
}

private_key = <<-EOT
    -----BEGIN PRIVATE KEY-----
    czNjcjN0LWtleS1vZi1hbHBoYQ==
    -----END PRIVATE KEY-----
  EOT
users = [
  { name = "ann", token = "s3cr3t-one" },
  { name = "bob", token = <<EOT
s3cr3t
 three
EOT
  }
]
empty = {}
